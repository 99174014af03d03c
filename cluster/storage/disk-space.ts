// How much room the file system of a data directory has, and a file that keeps some of it back. When the
// alarm is raised the file goes, so that elections can still be written down (pitfall C13).
import { randomBytes } from 'node:crypto'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'space.reserve'
const CHUNK_BYTES = 1 << 20

export interface DiskSpace {
  /** Bytes that this process may still use there. */
  readonly freeBytes: () => Promise<number>
  /** Makes the reserve if it is not there. Rejects when there is no room; then nothing is left of it. */
  readonly reserve: (bytes: number) => Promise<void>
  /** Gives it up; harmless without one. */
  readonly release: () => Promise<void>
}

export function makeDiskSpace(dir: string): DiskSpace {
  const path = join(dir, FILE)
  return {
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(dir)
      return bavail * bsize
    },
    reserve: async (bytes) => {
      const size = await stat(path).then(
        (found) => found.size,
        () => -1,
      )
      if (size !== bytes) await fill(path, bytes)
    },
    release: () => rm(path, { force: true }),
  }
}

/** Bytes that no file system compresses away or leaves as a hole. */
async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    const chunk = randomBytes(Math.min(CHUNK_BYTES, bytes))
    for (let at = 0; at < bytes; at += chunk.length) {
      const rest = Math.min(chunk.length, bytes - at)
      // A byte of its own per chunk: equal blocks may be stored once.
      chunk.writeUInt8((at / CHUNK_BYTES) & 0xff, 0)
      await file.write(chunk, 0, rest, at)
    }
    await file.close()
  } catch (error) {
    await file.close()
    await rm(path, { force: true })
    throw error
  }
}
