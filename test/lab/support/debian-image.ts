// The small Debian image for tests of the second tier: built once a day and change of its sources (about 100 s), kept
// below node_modules and shared by every test that boots it.
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildDebianImage, DEBIAN_DEFAULTS, DEBIAN_SOURCES } from '../../../tools/images/debian.ts'

const CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'ironraft')

/** A directory with `image.json`, `boot-kernel`, `boot-initrd` and `squashfs`; never write to it. */
export async function debianImage(say: (line: string) => void): Promise<string> {
  const directory = join(CACHE, `debian-small-${await cacheKey()}`)
  const isThere = await access(join(directory, 'image.json')).then(
    () => true,
    () => false,
  )
  if (isThere) return directory
  await mkdir(CACHE, { recursive: true })
  const out = join(CACHE, `building-${process.pid}`)
  try {
    await buildDebianImage({ ...DEBIAN_DEFAULTS, out, variant: 'small', say })
    for (const name of await readdir(CACHE)) {
      if (name.startsWith('debian-small-')) await rm(join(CACHE, name), { recursive: true })
    }
    await rename(out, directory)
  } finally {
    await rm(out, { recursive: true, force: true })
  }
  return directory
}

/** Debian's packages change from day to day. */
async function cacheKey(): Promise<string> {
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 10))
  for (const path of DEBIAN_SOURCES) hash.update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}
