// What a save made durable is there after every crash (pitfalls C5, C12), unless the disk itself lost it: then
// see `forgot-is-silent`.
import type { MakeChecker } from '../checker.ts'

type Kept = {
  readonly currentTerm: number
  readonly votedFor: string | null
  lastIndex: number
  lastTerm: number
}

export const durableStays: MakeChecker = ({ fail }) => {
  const kept = new Map<string, Kept>()
  const damaged = new Set<string>()
  return {
    name: 'durable-stays',
    onSaved: (node) => {
      const { reader, hardState } = node
      if (reader === null || damaged.has(node.id)) return
      const lastIndex = reader.lastIndex()
      const { currentTerm, votedFor } = hardState
      kept.set(node.id, {
        currentTerm,
        votedFor,
        lastIndex,
        lastTerm: reader.termAt(lastIndex) ?? 0,
      })
    },
    onDamaged: ({ id }) => {
      kept.delete(id)
      damaged.add(id)
    },
    onOpened: (node) => {
      damaged.delete(node.id)
      const before = kept.get(node.id)
      if (before === undefined || node.reader === null) return
      const { currentTerm, votedFor } = node.hardState
      const { reader } = node
      if (currentTerm < before.currentTerm) {
        fail(`${node.id} comes back in term ${currentTerm} after ${before.currentTerm}`)
      } else if (
        currentTerm === before.currentTerm &&
        before.votedFor !== null &&
        votedFor !== before.votedFor
      ) {
        fail(`${node.id} forgot its vote of term ${currentTerm}`)
      } else if (currentTerm === before.currentTerm && reader.lastIndex() < before.lastIndex) {
        fail(`${node.id} comes back with ${reader.lastIndex()} entries of ${before.lastIndex}`)
      } else if (
        reader.lastIndex() < before.lastIndex &&
        reader.termAt(reader.lastIndex()) === before.lastTerm
      ) {
        fail(`${node.id} lost entries behind ${reader.lastIndex()}`)
      }
    },
  }
}
