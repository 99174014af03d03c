// After a restore from a backup, or a cluster forced to live on without its majority, the promises made since
// are not known (lease-protocol §5). `restoreUntil` of the cluster row says until when only clients that renew
// are believed; `free.ts` and `tenures.ts` read it.
import { restoreQuarantineMs } from '#model/lease-time.ts'
import { DONE, notFound, type Handler } from './context.ts'
import type { RegionState } from './state.ts'

/** For every command that brings an older state back to life: call it before anything else is applied. */
function quarantineLeases(state: RegionState, now: number): void {
  const cluster = state.cluster.get('cluster')
  if (cluster === undefined) return
  const restoreUntil = Math.max(cluster.restoreUntil ?? 0, now + restoreQuarantineMs())
  state.cluster.put('cluster', { ...cluster, restoreUntil })
}

export const beginRestore: Handler<'restore.begin'> = ({ state, now }) => {
  if (state.clusterId === '') return notFound('Cluster')
  quarantineLeases(state, now)
  return DONE
}

/** The operator takes the risk that an address is given twice rather than wait. */
export const acceptRestore: Handler<'restore.accept'> = ({ state, now }) => {
  const cluster = state.cluster.get('cluster')
  if (cluster === undefined) return notFound('Cluster')
  state.cluster.put('cluster', { ...cluster, restoreUntil: now })
  return DONE
}
