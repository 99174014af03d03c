// The only importer of `level` (classic-level, LevelDB 1.20) for region nodes: opens with every check that
// LevelDB leaves out, and shows of it only what the two stores need.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { AppError } from '#model/errors.ts'
import { damaged } from './damage.ts'
import type { Database, Row } from './database.ts'
import { findDrop } from './drop-lines.ts'
import { isAbsent } from './files.ts'
import { inspectDirectory } from './wal-directory.ts'

const BLOCK_ROWS = 1_000
/** Fewer switches of the write-ahead file; the scan before opening reads at most two of them. */
const WRITE_BUFFER_BYTES = 16 << 20

/** Throws DIRECTORY_IN_USE, STORAGE_DAMAGED or STORAGE_FAILED. Creates what is absent. */
export async function openDatabase(dir: string): Promise<Database> {
  const report = await inspectDirectory(dir)
  const level = new Level<Buffer, Buffer>(dir, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES,
    blockSize: 16_384,
  })
  try {
    await level.open()
  } catch (error) {
    throw openFailure(dir, error)
  }
  try {
    await refuseDrops(dir, report.tornFile)
  } catch (error) {
    await level.close()
    throw error
  }
  return wrap(level, dir)
}

/** Removes the database's own files; refuses while another process has it open. */
export async function destroyDatabase(dir: string): Promise<void> {
  try {
    await (Level as unknown as Destroyable).destroy(dir)
  } catch (error) {
    throw new AppError('STORAGE_FAILED', `${dir} cannot be emptied; is another process using it?`, {
      cause: error,
    })
  }
}

function wrap(level: Level<Buffer, Buffer>, dir: string): Database {
  return {
    batch: () => {
      const batch = level.batch()
      return {
        put: (key, value) => void batch.put(key, asBuffer(value)),
        del: (key) => void batch.del(key),
        write: (sync) => batch.write({ sync }),
      }
    },
    getSync: (key) => level.getSync(key),
    blocks: () => blocks(level, dir),
    flush: async () => {
      // A range behind every key: LevelDB flushes its memory table and finds nothing to compact.
      const end = Buffer.from([0xff])
      await (level as unknown as Compactable).compactRange(end, end)
    },
    close: () => level.close(),
  }
}

/** `level` types what browsers have too; the runtime class is classic-level's. */
type Destroyable = { readonly destroy: (dir: string) => Promise<void> }
type Compactable = { readonly compactRange: (start: Buffer, end: Buffer) => Promise<void> }

async function* blocks(level: Level<Buffer, Buffer>, dir: string): AsyncGenerator<readonly Row[]> {
  const iterator = level.iterator()
  try {
    for (;;) {
      const rows = await iterator.nextv(BLOCK_ROWS)
      if (rows.length === 0) return
      yield rows
    }
  } catch (error) {
    throw damaged(dir, 'cannot be read through', error)
  } finally {
    await iterator.close()
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function openFailure(dir: string, error: unknown): AppError {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'LEVEL_LOCKED') {
    return new AppError('DIRECTORY_IN_USE', `${dir} is in use by another process.`, {
      cause: error,
    })
  }
  const what = cause instanceof Error ? cause.message : String(error)
  if (code === 'LEVEL_CORRUPTION' || /corruption|missing files/i.test(what)) {
    return damaged(dir, `LevelDB refuses to open it (${what})`, error)
  }
  return new AppError('STORAGE_FAILED', `${dir} cannot be opened (${what}).`, { cause: error })
}

/** The backstop of the scan before opening; see drop-lines.ts. */
async function refuseDrops(dir: string, tornFile: string | null): Promise<void> {
  const path = join(dir, 'LOG')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isAbsent(error)) throw damaged(path, 'is not written, so drops would go unseen', error)
    throw error
  }
  const line = findDrop(text, tornFile)
  if (line === null) return
  throw damaged(path, `LevelDB dropped data while opening ("${line.slice(0, 200)}")`)
}
