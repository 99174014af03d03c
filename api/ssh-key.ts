// Is a text an SSH public key (RFC 4253 §6.6, one line of authorized_keys without options)? The blob must say the same
// type as the line, and be made of whole fields: half a key that was pasted would lock its owner out of machines.
const TYPES = new Set([
  'ssh-rsa',
  'ssh-dss',
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
])
const KEY_CHARACTERS_MAX = 16_384

/** The key in one line with single spaces; undefined when it is none. */
export function parseSshKey(text: string): string | undefined {
  if (text.length > KEY_CHARACTERS_MAX) return undefined
  const line = text.trim()
  if (hasControls(line)) return undefined
  const [type = '', blob = '', ...comment] = line.split(/ +/)
  if (!TYPES.has(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return undefined
  const fields = fieldsOf(Buffer.from(blob, 'base64'))
  if (fields === undefined || fields.length < 2 || fields[0]?.toString('latin1') !== type) {
    return undefined
  }
  return [type, blob, ...comment].join(' ')
}

/** Length-prefixed fields; undefined when they do not end with the bytes. */
function fieldsOf(bytes: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    fields.push(bytes.subarray(at + 4, end))
    at = end
  }
  return fields
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32) return true
  return false
}
