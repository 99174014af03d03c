// Opens the durable log of a node: `<dir>/log/` (LevelDB) beside `<dir>/log.receipt`.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from './database.ts'
import { type DurableLogStore, openDurableLog } from './durable-log-store.ts'
import { openDatabase } from './level-database.ts'
import { openReceipt } from './log-receipt.ts'
import { isAbsent, makeDirectory } from './files.ts'

export type LevelLogOptions = {
  /** Memory for the newest entries, so that followers near the tip cost no read; default 64 MiB. */
  readonly cacheBytesMax?: number
}

const CACHE_BYTES_MAX = 64 << 20

/** Throws STORAGE_DAMAGED, DIRECTORY_IN_USE or STORAGE_FAILED; then nothing stays open. */
export async function openLevelLogStore(
  dir: string,
  options: LevelLogOptions = {},
): Promise<DurableLogStore> {
  const path = join(dir, 'log')
  const exists = await hasFiles(path)
  await makeDirectory(path)
  // The receipt first: a crash between the two leaves an empty log beside a receipt of nothing.
  const receipt = await openReceipt(join(dir, 'log.receipt'), exists)
  let database: Database | null = null
  try {
    database = await openDatabase(path)
    const cacheBytesMax = options.cacheBytesMax ?? CACHE_BYTES_MAX
    return await openDurableLog(database, receipt, { path, cacheBytesMax })
  } catch (error) {
    await receipt.close()
    await database?.close()
    throw error
  }
}

async function hasFiles(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
