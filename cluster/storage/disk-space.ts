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
  /**
   * Makes the reserve if it is not there. False, and nothing is left of it, as soon as less than `leaveBytes` would be free
   * beside it: while it is written another program may take the room, and the log must not meet a full disk for it.
   */
  readonly reserve: (bytes: number, leaveBytes: number) => Promise<boolean>
  /** Gives it up; harmless without one. */
  readonly release: () => Promise<void>
}

/** `freeBytes`: of the file system of `dir`, unless a test says otherwise. */
export function makeDiskSpace(dir: string, freeBytes = () => freeBytesOf(dir)): DiskSpace {
  const path = join(dir, FILE)
  return {
    freeBytes,
    reserve: async (bytes, leaveBytes) => {
      const size = await stat(path).then(
        (found) => found.size,
        () => -1,
      )
      if (size === bytes) return true
      const hasRoom = async (next: number): Promise<boolean> =>
        (await freeBytes()) - next >= leaveBytes
      return fill(path, bytes, hasRoom)
    },
    release: () => rm(path, { force: true }),
  }
}

async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir)
  return bavail * bsize
}

/** Bytes that no file system compresses away or leaves as a hole. False: `hasRoom` said no; the file is gone. */
async function fill(
  path: string,
  bytes: number,
  hasRoom: (next: number) => Promise<boolean>,
): Promise<boolean> {
  const file = await open(path, 'w', 0o600)
  let isWhole = false
  try {
    const chunk = randomBytes(Math.min(CHUNK_BYTES, bytes))
    for (let at = 0; at < bytes; at += chunk.length) {
      const rest = Math.min(chunk.length, bytes - at)
      if (!(await hasRoom(rest))) return false
      // A byte of its own per chunk: equal blocks may be stored once.
      chunk.writeUInt8((at / CHUNK_BYTES) & 0xff, 0)
      await file.write(chunk, 0, rest, at)
    }
    isWhole = true
    return true
  } finally {
    await file.close()
    if (!isWhole) await rm(path, { force: true })
  }
}
