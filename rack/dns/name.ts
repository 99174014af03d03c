// Names from the wire as keys: lower case (RFC 4343), labels joined by dots. A label with octets that no name of
// ours can have becomes text that no name of ours is, so that it is simply not found.

/** Labels, first to last; `name` is uncompressed and well-formed. */
export function labelsOf(name: Uint8Array): readonly string[] {
  const labels: string[] = []
  for (let at = 0; at < name.length - 1; ) {
    const length = name[at] ?? 0
    labels.push(labelText(name, at + 1, at + 1 + length))
    at += length + 1
  }
  return labels
}

/** The labels joined by dots; '' for the root. */
export function keyOf(name: Uint8Array): string {
  const end = name.length - 1
  if (end <= 0) return ''
  const text = Buffer.allocUnsafe(end)
  for (let at = 0, next = 0; at < end; at++) {
    const octet = name[at] ?? 0
    if (at === next) {
      next += octet + 1
      text[at] = 46
    } else if (octet >= 65 && octet <= 90) text[at] = octet + 32
    else if (octet > 32 && octet < 127 && octet !== 46) text[at] = octet
    else return labelsOf(name).join('.')
  }
  return text.toString('latin1', 1, end)
}

function labelText(name: Uint8Array, from: number, end: number): string {
  let text = ''
  for (let i = from; i < end; i++) {
    const octet = name[i] ?? 0
    if (octet >= 65 && octet <= 90) text += String.fromCharCode(octet + 32)
    else if (octet > 32 && octet < 127 && octet !== 46) text += String.fromCharCode(octet)
    else text += `\\${String(octet).padStart(3, '0')}`
  }
  return text
}

/** `a.b.c` → `b.c`; '' for a single label. */
export function parentOf(key: string): string {
  const dot = key.indexOf('.')
  return dot < 0 ? '' : key.slice(dot + 1)
}
