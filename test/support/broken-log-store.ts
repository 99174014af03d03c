// A LogStore that reads like the one given, but whose writes fail from the `after`-th on, for good.
import { AppError } from '#model/errors.ts'
import type { LogStore } from '#storage/log-store.ts'

export function brokenLogStore(inner: LogStore, after = 0): LogStore {
  let left = after
  const write = async (task: () => Promise<void>): Promise<void> => {
    if (left-- <= 0) throw new AppError('STORAGE_FAILED', 'The log can no longer be written.')
    await task()
  }
  return {
    hardState: inner.hardState,
    reader: inner.reader,
    sizeBytes: inner.sizeBytes,
    save: (work) => write(() => inner.save(work)),
    compact: (meta, trailingEntries) => write(() => inner.compact(meta, trailingEntries)),
    close: inner.close,
  }
}
