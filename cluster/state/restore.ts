// A new cluster over the rows of another one: a backup restored, or the rest of a cluster that lost its
// majority. What says who the old cluster was is left behind before the rows are taken over; the first
// command gives the new one its identity and remembers that promises may be missing (lease-protocol §5).
import { restoreQuarantineMs } from '#model/lease-time.ts'
import type { Controller } from '#model/machine.ts'
import { DONE, refuse, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import type { DumpedRow } from './snapshot.ts'
import type { Cluster } from './tables.ts'
import { createApiKey, createUser } from './users.ts'

/** Tables that are about processes, members and secrets of the cluster that the rows come from. */
const LEFT_BEHIND: ReadonlySet<string> = new Set([
  'sessions',
  'sessionOutcomes',
  'joinTokens',
  'members',
  // A cookie that was closed since the backup must not open again.
  'loginSessions',
  // Racks of the old cluster live on under them, and cannot replay here: their clients may renew (§5).
  'tenures',
  'reserves',
  // Of nodes that are no members here: an upload of a file that only they have would be taken for needless.
  'bootFileHolders',
])

/** The row as the new cluster begins with it; null for one that it does not take over. */
export function rowForNewCluster(row: DumpedRow): DumpedRow | null {
  if (LEFT_BEHIND.has(row.table)) return null
  // Until its first command the new cluster has no name: the old one's would look like foreign data.
  if (row.table === 'cluster') return { ...row, row: { ...(row.row as Cluster), id: '' } }
  if (row.table !== 'controllers') return row
  const controller: Controller = row.row
  if (controller.kind === 'region') return null
  // Its certificate is the old cluster's: it is known, and must enrol again.
  return { ...row, row: { ...controller, connected: false } }
}

/** Twice by a restore that was cut short: the second is no error when it names the same cluster. */
export const restoreCluster: Handler<'cluster.restore'> = (context, command) => {
  const { state, now, wall } = context
  const { clusterId, fromClusterId, admin, apiKey, joinTokenDigest, quarantine } = command
  const known = state.cluster.get('cluster')
  if (known?.id === clusterId) return DONE
  if (known?.id !== '') {
    return refuse('CONFLICT', 'The cluster exists already.')
  }
  const restoreUntil = quarantine
    ? Math.max(known.restoreUntil ?? 0, now + restoreQuarantineMs())
    : (known.restoreUntil ?? 0)
  state.cluster.put('cluster', { ...known, id: clusterId, createdWall: wall, restoreUntil })
  const user = createUser(context, { type: 'user.create', ...admin })
  if (!user.ok) return user
  const key = createApiKey(context, { type: 'apiKey.create', ...apiKey, userId: user.value.id })
  if (!key.ok) return key
  state.joinTokens.put(joinTokenDigest, {
    digest: joinTokenDigest,
    kind: 'rack',
    createdWall: wall,
  })
  addEvent(context, {
    systemId: null,
    username: '',
    level: 'WARNING',
    type: 'Cluster restored',
    description: `from cluster ${fromClusterId} as of revision ${state.revision - 1}`,
  })
  return DONE
}
