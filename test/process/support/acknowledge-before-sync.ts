// A planted bug, for the chaos harness to find: a node says that a write is on disk while it is still on its way.
// Loaded with `--import` into every process of a run; the sources of the product are changed as they are loaded,
// the product itself has no such switch. It is not enough to leave out the sync: what the kernel has survives
// SIGKILL. So the write itself comes late, in order, and with it the receipt that would give it away.
import { type Passage, patchSources } from './patch-sources.ts'

/**
 * Longer than a slot of the run and an election on a busy host: whatever fault came before, when all nodes are killed
 * there is something acknowledged that is on its way yet.
 */
const LATE_MS = 5_000

class LateWrites {
  readonly #waiting: (() => unknown)[] = []
  #last: Promise<unknown> = Promise.resolve()

  readonly add = (write: () => unknown): void => {
    this.#waiting.push(write)
    setTimeout(() => this.#writeOldest(), LATE_MS).unref()
  }

  /** A graceful stop loses nothing even with the bug: it shows only where a process dies. */
  readonly flush = async (): Promise<void> => {
    while (this.#waiting.length > 0) this.#writeOldest()
    await this.#last
  }

  #writeOldest(): void {
    const write = this.#waiting.shift()
    if (write !== undefined) this.#last = this.#last.then(write).catch(() => {})
  }
}

Object.assign(globalThis, { lateWrites: new LateWrites() })

const PASSAGES: readonly Passage[] = [
  {
    file: '/cluster/storage/level-database.ts',
    find: 'write: (sync) => batch.write({ sync }),',
    replace: 'write: async (sync) => globalThis.lateWrites.add(() => batch.write({ sync })),',
  },
  {
    file: '/cluster/storage/level-database.ts',
    find: 'close: () => level.close(),',
    replace: 'close: () => globalThis.lateWrites.flush().then(() => level.close()),',
  },
  {
    file: '/cluster/storage/durable-log-store.ts',
    find: 'if (voted) await receipt.sync(receiptOf(tail))',
    replace: 'if (voted) globalThis.lateWrites.add(() => receipt.sync(receiptOf(tail)))',
  },
  {
    file: '/cluster/storage/durable-log-store.ts',
    find: 'else receipt.note(receiptOf(tail))',
    replace: 'else globalThis.lateWrites.add(() => receipt.note(receiptOf(tail)))',
  },
]

patchSources('the planted bug', PASSAGES)
