// Tar archives as POSIX.1-1988 has them (ustar), written whole: a few small files that we name ourselves.

export type TarFile = {
  /** At most 100 bytes, or 255 with a `/` where the prefix ends. */
  readonly path: string
  readonly content: Uint8Array
  /** Unix permissions; 0o644 unless told otherwise. */
  readonly mode?: number
}

const BLOCK = 512

/** `modifiedWall` in ms. Throws for a path that ustar cannot hold. */
export function makeTar(files: readonly TarFile[], modifiedWall: number): Uint8Array {
  const parts = files.flatMap(({ path, content, mode = 0o644 }) => [
    header({ path, mode, size: content.length, seconds: Math.floor(modifiedWall / 1_000) }),
    content,
    new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK),
  ])
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)])
}

type Header = {
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly seconds: number
}

function header({ path, mode, size, seconds }: Header): Uint8Array {
  const block = Buffer.alloc(BLOCK)
  const [prefix, name] = splitPath(path)
  block.write(name, 0)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(seconds, 12), 136)
  // The sum is taken with blanks in its own place.
  block.write('        ', 148)
  block.write('0', 156)
  block.write('ustar\0', 257)
  block.write('00', 263)
  block.write('root', 265)
  block.write('root', 297)
  block.write(prefix, 345)
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${octal(sum, 7)} `, 148)
  return block
}

/** Digits and a zero byte. */
function octal(value: number, bytes: number): string {
  return `${value.toString(8).padStart(bytes - 1, '0')}\0`
}

function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const parts = [path.slice(0, at), path.slice(at + 1)] as const
    if (Buffer.byteLength(parts[0]) <= 155 && Buffer.byteLength(parts[1]) <= 100) return parts
  }
  throw new Error(`${path.slice(0, 64)}… is too long a path for a tar archive`)
}
