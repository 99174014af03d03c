// A read answers with one revision of the whole state: the value is that revision's, and the revision is at
// least as new as every answer that anybody had before the read was asked. Since all states lie on one line,
// this is linearizability, not an approximation of it.
import type { MakeChecker } from '../checker.ts'
import { settingName } from '../operation.ts'

type Version = { readonly revision: number; readonly value: unknown }

export const linearizableReads: MakeChecker = ({ fail }) => {
  const versions = new Map<string, Version[]>()
  return {
    name: 'linearizable-reads',
    onBatch: ({ revision, changes }) => {
      for (const change of changes) {
        if (change.table !== 'settings' || change.row === null) continue
        const list = versions.get(change.row.name) ?? []
        list.push({ revision, value: change.row.value })
        versions.set(change.row.name, list)
      }
    },
    onOperation: ({ id, request, floor, ended }) => {
      if (request.kind !== 'read' || ended.result !== 'ok') return
      if (ended.revision < floor) {
        fail(
          `${id} reads revision ${ended.revision}; ${floor} had been answered before it was asked`,
        )
        return
      }
      const list = versions.get(settingName(request.key)) ?? []
      const version = list.findLast(({ revision }) => revision <= ended.revision)
      if ((version?.value ?? null) === ended.value) return
      fail(
        `${id} reads ${String(ended.value)} at ${ended.revision}, which has ${String(version?.value)}`,
      )
    },
  }
}
