// What every image builder leaves behind: files named by their kind, and `image.json` beside them, which
// `ironraft boot-resources import` reads.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

type BuiltKind = 'boot-kernel' | 'boot-initrd' | 'squashfs'
export type BuiltImage = {
  readonly name: string
  readonly architecture: string
  readonly title: string
  readonly files: readonly {
    readonly kind: BuiltKind
    readonly filename: string
    readonly sha256: string
    readonly size_bytes: number
  }[]
}

/** The files of `kinds` are in `out`, under these names. */
export async function writeImage(
  out: string,
  image: {
    readonly name: string
    readonly title: string
    readonly kinds: readonly BuiltKind[]
  },
): Promise<BuiltImage> {
  const { name, title, kinds } = image
  const files: BuiltImage['files'][number][] = []
  for (const kind of kinds) files.push(await describe(join(out, kind), kind))
  const built: BuiltImage = { name, architecture: 'amd64/generic', title, files }
  await writeFile(join(out, 'image.json'), `${JSON.stringify(built, null, 2)}\n`)
  return built
}

async function describe(path: string, kind: BuiltKind) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const { size } = await stat(path)
  return { kind, filename: kind, sha256: hash.digest('hex'), size_bytes: size }
}
