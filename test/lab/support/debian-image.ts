// The small Debian image for tests of the second tier: built once a day and change of its sources (about 100 s), kept
// below node_modules and shared by every test that boots it.
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildDebianImage, DEBIAN_DEFAULTS, DEBIAN_SOURCES } from '../../../tools/images/debian.ts'

const CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'ironraft')

/** A directory with `image.json`, `boot-kernel`, `boot-initrd` and `squashfs`; never write to it. */
export async function debianImage(say: (line: string) => void): Promise<string> {
  const directory = join(CACHE, `debian-small-${await cacheKey()}`)
  await mkdir(CACHE, { recursive: true })
  while (!(await isBuilt(directory))) {
    if (await beginBuilding()) await build(directory, say)
    // Another test builds it.
    else await sleep(1_000)
  }
  return directory
}

const BUILDER = join(CACHE, 'builder.pid')

/** False: a process that lives is at it. */
async function beginBuilding(): Promise<boolean> {
  const isOurs = await writeFile(BUILDER, String(process.pid), { flag: 'wx' }).then(
    () => true,
    () => false,
  )
  if (isOurs) return true
  const pid = Number(await readFile(BUILDER, 'utf8').catch(() => ''))
  // Empty or gone: between the two steps of another one.
  if (pid > 0 && !isAlive(pid)) await rm(BUILDER, { force: true })
  return false
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function isBuilt(directory: string): Promise<boolean> {
  return access(join(directory, 'image.json')).then(
    () => true,
    () => false,
  )
}

async function build(directory: string, say: (line: string) => void): Promise<void> {
  const out = join(CACHE, `building-${process.pid}`)
  try {
    // Built by another one just before it was our turn.
    if (await isBuilt(directory)) return
    await buildDebianImage({ ...DEBIAN_DEFAULTS, out, variant: 'small', say })
    for (const name of await readdir(CACHE)) {
      if (name.startsWith('debian-small-')) await rm(join(CACHE, name), { recursive: true })
    }
    await rename(out, directory)
  } finally {
    await rm(out, { recursive: true, force: true })
    await rm(BUILDER, { force: true })
  }
}

/** Debian's packages change from day to day. */
async function cacheKey(): Promise<string> {
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 10))
  for (const path of DEBIAN_SOURCES) hash.update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}
