// What the path of a read request means: pure. Boot ROMs write backslashes, leading slashes and garbage
// behind the name; nothing that climbs or hides is ever looked up.

/** Undefined when the name cannot be a file of ours. */
export function normalisePath(filename: string): string | undefined {
  // Some PXE ROMs send the 0xff that ended the DHCP option with the name (2026-11).
  const name = filename.replace(/\u{ff}+$/u, '').replaceAll('\\', '/')
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0 || parts.includes('..')) return undefined
  const path = parts.join('/')
  return path.length <= 255 && /^[\x20-\x7e]+$/.test(path) ? path : undefined
}

/** RFC 1350 §1: netascii ends lines with CR LF and writes a bare CR as CR NUL. */
export function toNetascii(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  for (const byte of bytes) {
    if (byte === 0x0a) out.push(0x0d, 0x0a)
    else if (byte === 0x0d) out.push(0x0d, 0x00)
    else out.push(byte)
  }
  return Uint8Array.from(out)
}
