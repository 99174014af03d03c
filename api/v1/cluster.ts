// /api/v1/cluster: who belongs to the cluster, and the operations behind `ironraft region remove` and
// `transfer`. Wishes are answered 202 when they are in the log; how they end is in the member's row.
import type { Context } from 'koa'
import { parseSystemId } from '#model/ids.ts'
import type { Member } from '#model/member.ts'
import type { MemberStatus, RegionMembership } from '#node/region.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { parsed } from './parsed.ts'
import { TRANSFER } from './schemas.ts'

/** From this node's own knowledge, so that it answers without a quorum and without a key. */
export function makeListMembers(membership: RegionMembership) {
  return (call: Call): Answer => {
    const { clusterId, nodeId, leader, members } = call.region.status()
    const { state } = call.region.local()
    const seen = new Map(members.map((each) => [each.id, each]))
    const rows = rowsOf(state, members).map((row) => {
      return renderMember(row, seen.get(row.id), membership)
    })
    return json({ cluster_id: clusterId, node_id: nodeId, leader, members: rows })
  }
}

export async function removeMember(call: Call): Promise<Answer> {
  const id = parseSystemId(call.param('id'))
  if (id === undefined) throw notFound('RegionNode')
  await call.propose({ type: 'member.remove', id })
  return json({ id, status: call.after().members.get(id)?.status ?? 'removed' }, 202)
}

export function makeTransfer(membership: RegionMembership) {
  return async (_call: Call, ctx: Context): Promise<Answer> => {
    const { to } = parsed(TRANSFER, ctx.request.body ?? {})
    return json({ leader: await membership.transfer(to ?? null) })
  }
}

type Row = Pick<Member, 'id' | 'status' | 'note' | 'statusWall'>

/** Before its nodes have registered, a new cluster's rows are those of its status. */
function rowsOf(state: RegionState, members: readonly MemberStatus[]): readonly Row[] {
  const rows: Row[] = [...state.members.values()]
  for (const { id } of members) {
    if (rows.some((row) => row.id === id)) continue
    rows.push({ id: id as Member['id'], status: 'member', note: '', statusWall: 0 })
  }
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function renderMember(row: Row, seen: MemberStatus | undefined, membership: RegionMembership) {
  const progress = membership.progressOf(row.id)
  return {
    id: row.id,
    status: row.status,
    since: row.statusWall === 0 ? null : new Date(row.statusWall).toISOString(),
    note: row.note,
    role: seen?.role ?? 'unknown',
    voter: seen?.voter ?? false,
    reachable: seen?.reachable ?? false,
    condition: seen?.condition ?? 'unknown',
    applied: seen?.applied ?? null,
    // The leader knows what a learner has; the others what it said that it applied.
    lag: progress?.lagEntries ?? seen?.lag ?? null,
    entries_per_second: progress?.entriesPerSecond ?? null,
    api_url: seen?.apiUrl ?? null,
    peer_address: seen?.peerAddress ?? null,
  }
}
