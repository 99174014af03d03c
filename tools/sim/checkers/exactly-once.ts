// A command takes effect once, however often it was sent and by whichever region (dissertation §6.3, D6).
import type { Change } from '#state/outcome.ts'
import type { MakeChecker } from '../checker.ts'

/** The id of the operation that wrote the row, when it is the kind of row that tells. */
export function operationOf(change: Change, stamp: number): string | null {
  const { table, row } = change
  if (row === null) return null
  if (table === 'settings') return typeof row.value === 'string' ? row.value : null
  if (table === 'events') return row.description
  if (table === 'ipAddresses') return row.hostname
  // A release rewrites the row that an earlier bind made.
  const isBind = table === 'holds' && row.boundAt === stamp && !row.released
  return isBind ? row.hostname : null
}

export const exactlyOnce: MakeChecker = ({ fail }) => {
  const done = new Map<string, number>()
  return {
    name: 'exactly-once',
    onBatch: ({ revision, stamp, changes }) => {
      for (const change of changes) {
        const id = operationOf(change, stamp)
        if (id === null || !id.startsWith('op')) continue
        const earlier = done.get(id)
        done.set(id, revision)
        if (earlier !== undefined) fail(`${id} took effect at ${earlier} and again at ${revision}`)
      }
    },
  }
}
