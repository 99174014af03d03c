// A node whose disk lost what it had promised — its tail, its vote, everything — and knows it (pitfall
// C10). It may have acknowledged entries it no longer has, voted in a term it no longer remembers, and
// seen a later term than its own. Until the caller says otherwise:
//   it grants no vote and no pre-vote and never campaigns;
//   it takes entries and snapshots like any follower, and every reply carries the life in which it forgot;
//   the leader brings it up to date but counts it for no commit, no read round and no quorum check.
// So every decision is taken by a quorum of the others, and each of those meets each earlier quorum, this
// node's forgotten promises included, in a node that remembers.
import assert from 'node:assert/strict'
import { makeProgress, type Progress } from './progress.ts'
import { advanceCommit } from './proposal.ts'
import { becomeFollower } from './roles.ts'
import { ignore, type RaftState } from './state.ts'
import type { NodeId } from './types.ts'

export function forget(state: RaftState, life: number): void {
  assert(Number.isSafeInteger(life) && life > 0, 'a life is a number above 0')
  if (state.role !== 'follower') becomeFollower(state, state.currentTerm, null)
  state.amnesia = life
}

/** The vote of the current term counts as given: it may have been, to somebody. */
export function recover(state: RaftState): void {
  assert(state.amnesia !== 0, 'only who forgot recovers')
  assert(state.role === 'follower', 'who forgot only follows')
  state.amnesia = 0
  // Whoever wanted us to take over did not know.
  state.campaignDue = false
  state.votedFor ??= state.id
}

/** For a reply to a leader. */
export function amnesiaOf(state: RaftState): { readonly amnesia?: number } {
  return state.amnesia === 0 ? {} : { amnesia: state.amnesia }
}

/**
 * On the leader, before anything else of a reply counts. A peer that forgot starts over: what it once
 * acknowledged is gone, and a commit told from the old matchIndex would lie beyond its log. Undefined and
 * counted when the sender is no member.
 */
export function noteAmnesia(
  state: RaftState,
  reply: { readonly from: NodeId; readonly amnesia?: number },
): Progress | undefined {
  const progress = state.progress.get(reply.from)
  const amnesia = reply.amnesia ?? 0
  if (progress === undefined) ignore(state, 'notMember')
  if (progress === undefined || progress.amnesia === amnesia) return progress
  if (amnesia < progress.amnesia && amnesia !== 0) {
    ignore(state, 'staleReply')
    return undefined
  }
  if (amnesia === 0) {
    // What it acknowledged since it forgot was true when it said it, and still is.
    progress.amnesia = 0
    advanceCommit(state)
    return progress
  }
  const nextIndex = state.log.lastIndex + 1
  const anew = makeProgress(state.config, { nextIndex, recentActive: true })
  anew.amnesia = amnesia
  state.progress.set(reply.from, anew)
  if (state.transferTo === reply.from) state.transferTo = null
  return anew
}
