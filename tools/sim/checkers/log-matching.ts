// Index and term name one entry, and with it the entry before it, on every disk there ever was (Raft §5.3).
import type { MakeChecker } from '../checker.ts'

type Known = { readonly data: Uint8Array; readonly stamp: number; readonly prevTerm: number }

const TERMS_MAX = 2 ** 20

export const logMatching: MakeChecker = ({ fail }) => {
  const entries = new Map<number, Known>()
  return {
    name: 'log-matching',
    onSave: (node, write) => {
      const first = write.entries[0]
      if (first === undefined) return
      let prevTerm = node.reader?.termAt(first.index - 1) ?? -1
      for (const { index, term, stamp, data } of write.entries) {
        const key = index * TERMS_MAX + term
        const known = entries.get(key)
        const place = `entry ${index} of term ${term} on ${node.id}`
        if (known === undefined) entries.set(key, { data, stamp, prevTerm })
        else if (prevTerm !== -1 && known.prevTerm !== -1 && known.prevTerm !== prevTerm) {
          fail(`${place} follows term ${prevTerm}, elsewhere term ${known.prevTerm}`)
        } else if (known.stamp !== stamp || Buffer.compare(known.data, data) !== 0) {
          fail(`${place} is another one elsewhere`)
        }
        prevTerm = term
      }
    },
  }
}
