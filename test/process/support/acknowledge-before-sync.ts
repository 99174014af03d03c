// A planted bug, for the chaos harness to find: a node says that a write is on disk while it is still on its way.
// Loaded with `--import` into every process of a run; the sources of the product are changed as they are loaded,
// the product itself has no such switch. It is not enough to leave out the sync: what the kernel has survives
// SIGKILL. So the write itself comes late, in order, and with it the receipt that would give it away.
import { registerHooks } from 'node:module'

const LATE_MS = 1_500

type Passage = { readonly file: string; readonly find: string; readonly replace: string }

const PASSAGES: readonly Passage[] = [
  {
    file: '/cluster/storage/level-database.ts',
    find: 'write: (sync) => batch.write({ sync }),',
    replace: `write: async (sync) => {
        setTimeout(() => void batch.write({ sync }), ${LATE_MS})
      },`,
  },
  {
    // A graceful stop loses nothing even with the bug: it shows only where a process dies.
    file: '/cluster/storage/level-database.ts',
    find: 'close: () => level.close(),',
    replace: `close: async () => {
      await new Promise((resolve) => setTimeout(resolve, ${LATE_MS + 100}))
      await level.close()
    },`,
  },
  {
    file: '/cluster/storage/durable-log-store.ts',
    find: 'if (voted) await receipt.sync(receiptOf(tail))',
    replace: `if (voted) setTimeout(() => receipt.sync(receiptOf(tail)).catch(() => {}), ${LATE_MS + 20})`,
  },
  {
    file: '/cluster/storage/durable-log-store.ts',
    find: 'else receipt.note(receiptOf(tail))',
    replace: `else setTimeout(() => {
        try { receipt.note(receiptOf(tail)) } catch {}
      }, ${LATE_MS + 20})`,
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
