// Who belongs to the cluster, as rows: wishes (join, leave) and how they ended. The Raft configuration is
// not here: it has entries of its own; the leader brings it in line with these rows and reports.
import type { SystemId } from '#model/ids.ts'
import type { Member, MemberStatus } from '#model/member.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { MEMBER_ROWS_MAX, MEMBERS_MAX } from './limits.ts'
import type { RegionState } from './state.ts'
import { tokenFault, useToken } from './tokens.ts'

/** A started node says where it is reached; nodes of the bootstrap become members by it. */
export const registerMember: Handler<'member.register'> = (context, command) => {
  const { state } = context
  const { id, host, port, apiUrl } = command
  const known = state.members.get(id)
  if (known === undefined) {
    const row = { id, host, port, apiUrl, keyFingerprint: '', note: '' }
    state.members.put(id, { ...row, ...statusNow(context, 'member') })
    return DONE
  }
  if (known.status === 'removed') return wasRemoved(id)
  const same = known.host === host && known.port === port && known.apiUrl === apiUrl
  if (!same) state.members.put(id, { ...known, host, port, apiUrl })
  return DONE
}

/** Consumes the token and notes the wish, in one step: a token makes one node, whoever answers it. */
export const joinMember: Handler<'member.join'> = (context, command) => {
  const { state } = context
  const { tokenDigest, id, host, port, apiUrl, keyFingerprint } = command
  const known = state.members.get(id)
  if (known !== undefined) {
    // The answer of the first try was lost: the same node with the same key asks again.
    const isSame = known.keyFingerprint === keyFingerprint && known.status !== 'removed'
    const isItsToken = tokenFault(context, tokenDigest, { kind: 'region', usedBy: id }) === null
    return isSame && isItsToken ? DONE : idTaken(id)
  }
  if (state.machines.has(id) || state.controllers.has(id)) return idTaken(id)
  const fault = tokenFault(context, tokenDigest, { kind: 'region', usedBy: id })
  if (fault !== null) return refuse('FORBIDDEN', fault)
  const present = presentMembers(state)
  if (present.length >= MEMBERS_MAX || state.members.size >= MEMBER_ROWS_MAX) {
    return refuse('CONFLICT', `A cluster has at most ${MEMBERS_MAX} region nodes.`)
  }
  const neighbour = present.find((member) => member.host === host && member.port === port)
  if (neighbour !== undefined) {
    return refuse('CONFLICT', `${host}:${port} is the address of ${neighbour.id}.`)
  }
  useToken(state, tokenDigest, id)
  const row = { id, host, port, apiUrl, keyFingerprint, note: '' }
  state.members.put(id, { ...row, ...statusNow(context, 'joining') })
  announce(context, id, 'Region node joins', `${host}:${port}`)
  return DONE
}

/** The wish that a node goes. Whether the quorum allows it the leader finds out. */
export const removeMember: Handler<'member.remove'> = (context, { id }) => {
  const { state } = context
  const known = state.members.get(id)
  if (known === undefined) return notFound('RegionNode')
  if (known.status === 'removed') return refuse('CONFLICT', `${id} was removed already.`)
  if (known.status === 'leaving') return DONE
  const others = presentMembers(state).filter(
    (member) => member.id !== id && member.status === 'member',
  )
  if (others.length === 0) {
    return refuse('CONFLICT', `${id} is the only region node; a cluster needs one.`)
  }
  state.members.put(id, { ...known, ...statusNow(context, 'leaving'), note: '' })
  announce(context, id, 'Region node leaves', '')
  return DONE
}

/** How the leader carried a wish out; refused when the row speaks of another wish by now. */
export const reportMember: Handler<'member.report'> = (context, command) => {
  const { state } = context
  const { id, statusRevision, result, note } = command
  const known = state.members.get(id)
  if (known === undefined) return notFound('RegionNode')
  const next = NEXT[known.status][result]
  if (known.statusRevision !== statusRevision || next === undefined) {
    return refuse('CONFLICT', `${id} is ${known.status} by now; the report is old.`)
  }
  // Why a join failed is still to be read when the node is gone.
  const kept = result === 'removed' ? known.note : note
  state.members.put(id, { ...known, ...statusNow(context, next), note: kept })
  announce(context, id, EVENTS[result], kept)
  if (next === 'removed') {
    state.controllers.delete(id)
    // Its disk is out of reach: what it alone had must be sent again.
    state.bootFileHolders.delete(id)
  }
  return DONE
}

type Result = 'joined' | 'failed' | 'removed' | 'refused'

/** What a report makes of a row; absent: such a report is about something else. */
const NEXT: Readonly<Record<MemberStatus, Partial<Readonly<Record<Result, MemberStatus>>>>> = {
  joining: { joined: 'member', failed: 'leaving' },
  member: {},
  leaving: { removed: 'removed', refused: 'member' },
  removed: {},
}

const EVENTS: Readonly<Record<Result, string>> = {
  joined: 'Region node joined',
  failed: 'Region node failed to join',
  removed: 'Region node removed',
  refused: 'Region node stays',
}

/** Every member but the tombstones, in the order of their ids. */
export function presentMembers(state: RegionState): readonly Member[] {
  return [...state.members.values()].filter(({ status }) => status !== 'removed')
}

function statusNow({ state, now, wall }: Context, status: MemberStatus) {
  return { status, statusRevision: state.revision, statusAt: now, statusWall: wall }
}

function wasRemoved(id: SystemId) {
  return refuse('MEMBER_REMOVED', `${id} was removed from the cluster; ids are not used again.`)
}

function idTaken(id: SystemId) {
  return refuse('CONFLICT', `The id ${id} is in use; join with an empty directory.`)
}

function announce(context: Context, systemId: SystemId, type: string, description: string): void {
  const level = type.includes('fail') || type.includes('stays') ? 'WARNING' : 'INFO'
  const { username } = context.actor
  addEvent(context, { systemId, username, level, type, description })
}
