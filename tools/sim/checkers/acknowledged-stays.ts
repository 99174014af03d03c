// A write that was answered with success is committed at or before the revision of the answer, and every node
// has it in the end.
import type { MakeChecker } from '../checker.ts'
import { operationOf } from './exactly-once.ts'

export const acknowledgedStays: MakeChecker = ({ nodes, configurations, fail }) => {
  const done = new Map<string, number>()
  const settings = new Map<string, unknown>()
  const events = new Set<string>()
  return {
    name: 'acknowledged-stays',
    onBatch: ({ revision, stamp, changes }) => {
      for (const change of changes) {
        const id = operationOf(change, stamp)
        if (id !== null) done.set(id, revision)
        if (change.table === 'settings' && change.row !== null) {
          settings.set(change.row.name, change.row.value)
        }
      }
    },
    onOperation: ({ id, request, ended }) => {
      if (request.kind !== 'write' || ended.result !== 'ok') return
      const { type } = request.command
      const leavesId = ['setting.put', 'event.record', 'address.reserve', 'lease.bind'].includes(
        type,
      )
      if (!leavesId || id.startsWith('setup')) return
      const revision = done.get(id)
      if (revision === undefined)
        fail(`${id} was acknowledged at ${ended.revision}; nothing of it is committed`)
      else if (revision > ended.revision)
        fail(`${id} was acknowledged at ${ended.revision}, done at ${revision}`)
      if (type === 'event.record') events.add(id)
    },
    onEnd: () => {
      for (const { id: node, state } of nodes()) {
        const isMember = configurations().at(-1)?.configuration.voters.includes(node)
        if (state === null || isMember !== true) continue
        for (const [name, value] of settings) {
          if (state.settings.get(name)?.value !== value)
            fail(`${node} has lost the last write of ${name}`)
        }
        const kept = new Set([...state.events.values()].map(({ description }) => description))
        const lost = [...events].find((id) => !kept.has(id))
        if (lost !== undefined) fail(`${node} has lost ${lost}, which was acknowledged`)
      }
    },
  }
}
