// A planted bug, for the chaos harness to find: a node says that a write is on disk while it is still on its way.
// Loaded with `--import` into every process of a run; the sources of the product are changed as they are loaded,
// the product itself has no such switch. It is not enough to leave out the sync: what the kernel has survives
// SIGKILL. So the write itself comes late, in order, and with it the receipt that would give it away.
import { registerHooks } from 'node:module'

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

type Passage = { readonly file: string; readonly find: string; readonly replace: string }

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

registerHooks({
  load: (url, context, nextLoad) => {
    const result = nextLoad(url, context)
    const passages = PASSAGES.filter(({ file }) => url.endsWith(file))
    if (passages.length === 0) return result
    let source = Buffer.from(result.source as Uint8Array).toString('utf8')
    for (const { file, find, replace } of passages) {
      if (source.split(find).length !== 2) {
        process.stderr.write(`the planted bug is stale: its passage is not once in ${file}\n`)
        process.exit(70)
      }
      source = source.replace(find, () => replace)
    }
    return { ...result, source }
  },
})
