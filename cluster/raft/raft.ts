// The consensus core behind one door (Raft §5, §7; dissertation §3.10, §4.3, §6, §9.6, §10.2.1).
// Pure: no I/O, clock, randomness or promise of its own. Inputs are method calls, one at a time; what
// they cause comes out of `ready()`, to be done by the driver in this order:
//
//   1. send `messages`, which claim nothing that a crash could take back;
//   2. write `append` (atomic, synced); when it is on disk send `append.messages` and call
//      `advance({ type: 'appended', work })`. Until then `ready()` hands out no other append;
//   3. apply `committed` in order (`configured` for each configuration entry), then
//      `advance({ type: 'applied', index })`. The next page comes when this one is reported;
//   4. answer `reads` once lastApplied ≥ index (pitfall E4), or fail those without an index.
import assert from 'node:assert/strict'
import { forget, recover } from './amnesia.ts'
import { campaign, onPreVoteReply, onRequestVoteReply } from './candidate.ts'
import type { MembershipChange } from './change.ts'
import { isWellFormed } from './check-message.ts'
import { stepFollower } from './follower.ts'
import { stepLeader, tickLeader, transferLeadership } from './leader.ts'
import { configurationFault } from './membership.ts'
import type { Advance, Message, ProposeResult, Ready } from './message.ts'
import { hasReady, makeReady, onAppended, onApplied } from './output.ts'
import { becomeProbe } from './progress.ts'
import { appendAsLeader, fitsQuota } from './proposal.ts'
import { askRead, refuseRead } from './read-index.ts'
import { wantCommit } from './replication.ts'
import {
  applyConfiguration,
  changeMembership,
  type ProposeConfigurationResult,
  proposeConfiguration,
} from './reconfigure.ts'
import { becomeFollower, forgetLeader, isPromotable, recogniseLeader } from './roles.ts'
import { makeState, type RaftOptions } from './start.ts'
import { header, ignore, isFromLeader, type RaftState, sendAfterAppend } from './state.ts'
import { makeStatus, type Status } from './status.ts'
import type { Configuration, LogIndex, NodeId, Role, Term } from './types.ts'
import { isLeaderFresh, learnCommit, onVoteRequest, refuseVote } from './vote.ts'

export class Raft {
  readonly #state: RaftState

  /** Throws when log, hard state and state machine do not fit together: such a node must not run. */
  constructor(options: RaftOptions) {
    this.#state = makeState(options)
  }

  /** One tick has passed. After a stall the driver drains its messages first, then clamps (F2). */
  tick(): void {
    const state = this.#state
    if (state.role === 'leader') {
      tickLeader(state)
      return
    }
    state.electionElapsed++
    if (state.electionElapsed < state.electionTimeout || !isPromotable(state)) return
    campaign(state)
  }

  get term(): Term {
    return this.#state.currentTerm
  }

  /** A message of a peer. Whatever it says, this does not throw. */
  step(message: Message): void {
    const state = this.#state
    if (message.to !== state.id) {
      ignore(state, 'misaddressed')
      return
    }
    if (!isWellFormed(message, state.id)) {
      ignore(state, 'malformed')
      return
    }
    if (message.type === 'preVoteReply' || message.type === 'requestVoteReply') {
      learnCommit(state, message)
    }
    if (message.term < state.currentTerm) {
      stepOldTerm(state, message)
      return
    }
    if (message.term > state.currentTerm && !takeTerm(state, message)) return
    stepCurrent(state, message)
  }

  /**
   * Appends all of `datas` next to each other (`index` is the last one's), or none. The bytes are kept,
   * not copied: the caller does not change them afterwards (pitfall F3).
   */
  propose(datas: readonly Uint8Array[]): ProposeResult {
    assert(datas.length > 0, 'a proposal has at least one command')
    const state = this.#state
    const { leader, transferTo } = state
    if (state.role !== 'leader') return { ok: false, reason: 'notLeader', leader }
    if (transferTo !== null) return { ok: false, reason: 'transferring', leader: transferTo }
    if (!fitsQuota(state, datas)) return { ok: false, reason: 'tooManyUncommitted', leader }
    const index = appendAsLeader(state, 'command', datas)
    return { ok: true, index, term: state.currentTerm }
  }

  /** One change at a time; it counts once it is applied (`configured`). */
  proposeConfiguration(configuration: Configuration): ProposeConfigurationResult {
    return proposeConfiguration(this.#state, configuration)
  }

  /** The same for a wish about single nodes; voters change by joint consensus, which is left by itself. */
  changeMembership(change: MembershipChange): ProposeConfigurationResult {
    return changeMembership(this.#state, change)
  }

  /** Somebody at `peer` waits for the outcome of this entry: the peer is told of its commit at once. */
  wantCommit(peer: NodeId, index: LogIndex): void {
    wantCommit(this.#state, peer, index)
  }

  /** Answered by exactly one ReadState. `requestId` is not used again while it waits. */
  readIndex(requestId: number): void {
    askRead(this.#state, requestId)
  }

  /**
   * Hands leadership to `to`, null for the most up-to-date follower. Proposals are refused meanwhile, for
   * one election timeout at most. Returns to whom; null when nothing was begun (not leader, no such voter).
   */
  transferLeadership(to: NodeId | null): NodeId | null {
    return transferLeadership(this.#state, to)
  }

  /**
   * This node's disk lost what it had promised (pitfall C10): from here on it votes for nobody and counts for
   * nothing, in all else it follows. `life` > 0 tells this loss from an earlier one. A leader steps down.
   */
  forget(life: number): void {
    forget(this.#state, life)
  }

  /**
   * It holds again all that it may have promised; the caller has made sure of the conditions of
   * `cluster/node/README.md`. In the current term it still votes for nobody.
   */
  recover(): void {
    recover(this.#state)
  }

  /** Campaigns now, pre-vote first; for the first voter of a new cluster and for tests. */
  campaign(): void {
    campaign(this.#state)
  }

  /**
   * A message to `peer` was dropped or its connection died. A leader probes before it sends more; a
   * follower that believed in `peer` forgets it and asks for pre-votes soon.
   */
  reportUnreachable(peer: NodeId): void {
    const state = this.#state
    if (state.leader === peer) forgetLeader(state)
    const progress = state.progress.get(peer)
    if (progress?.state === 'replicate') becomeProbe(progress)
  }

  /** The snapshot stream to `peer` ended. Either way the next step waits for a sign of life. */
  reportSnapshot(peer: NodeId, ok: boolean): void {
    const progress = this.#state.progress.get(peer)
    if (progress?.state !== 'snapshot') return
    if (!ok) progress.pendingSnapshotIndex = 0
    becomeProbe(progress)
    progress.probeSent = true
  }

  /** Cheap, for what asks at every turn; `status` copies everything. */
  get role(): Role {
    return this.#state.role
  }

  get leader(): NodeId | null {
    return this.#state.leader
  }

  status(): Status {
    return makeStatus(this.#state)
  }

  /** Cheap; true when `ready()` would have something to do. */
  hasReady(): boolean {
    return hasReady(this.#state)
  }

  /** Everything the driver is to do now; see the head of this file. */
  ready(): Ready {
    return makeReady(this.#state)
  }

  advance(done: Advance): void {
    const state = this.#state
    switch (done.type) {
      case 'appended':
        onAppended(state, done.work)
        return
      case 'applied':
        onApplied(state, done.index)
        return
      case 'configured':
        assert.equal(configurationFault(done.configuration), null)
        state.configuredCount++
        applyConfiguration(state, done.configuration)
        return
      default:
        done satisfies never
    }
  }
}

/** §5.1. Answered where silence would leave the sender stuck in its old term (pitfall A6). */
function stepOldTerm(state: RaftState, message: Message): void {
  if (message.type === 'preVote' || message.type === 'requestVote') {
    refuseVote(state, message)
    return
  }
  ignore(state, 'staleTerm')
  if (isFromLeader(message.type)) {
    sendAfterAppend(state, {
      ...header(state, message.from),
      type: 'appendEntriesReply',
      success: false,
      index: 0,
      hintIndex: 0,
      hintTerm: 0,
    })
  } else if (message.type === 'readIndex') {
    refuseRead(state, message)
  }
}

/** §5.1: a higher term makes a follower. False when the message has no say in it (pitfall A9). */
function takeTerm(state: RaftState, message: Message): boolean {
  const isVote = message.type === 'preVote' || message.type === 'requestVote'
  if (isVote && isLeaderFresh(state, message)) {
    ignore(state, 'leaderFresh')
    return false
  }
  // A5: a pre-vote, asked or granted, speaks of a term that nobody is in yet.
  if (message.type === 'preVote') return true
  if (message.type === 'preVoteReply' && message.granted) return true
  becomeFollower(state, message.term, isFromLeader(message.type) ? message.from : null)
  return true
}

function stepCurrent(state: RaftState, message: Message): void {
  switch (message.type) {
    case 'preVote':
    case 'requestVote':
      onVoteRequest(state, message)
      return
    case 'preVoteReply':
      onPreVoteReply(state, message)
      return
    case 'requestVoteReply':
      onRequestVoteReply(state, message)
      return
    case 'appendEntries':
    case 'heartbeat':
    case 'installSnapshot':
      stepFromLeader(state, message)
      return
    case 'appendEntriesReply':
    case 'heartbeatReply':
    case 'timeoutNow':
    case 'readIndex':
    case 'readIndexReply':
      stepByRole(state, message)
      return
    default:
      message satisfies never
  }
}

function stepFromLeader(state: RaftState, message: Message): void {
  if (state.role === 'leader') {
    stepLeader(state, message)
    return
  }
  // §5.2: a candidate that hears from the leader of its term follows it.
  if (state.role !== 'follower') becomeFollower(state, state.currentTerm, message.from)
  if (state.leader === null) recogniseLeader(state, message.from)
  if (state.leader !== message.from) {
    ignore(state, 'secondLeader')
    return
  }
  state.electionElapsed = 0
  stepFollower(state, message)
}

function stepByRole(state: RaftState, message: Message): void {
  if (state.role === 'leader') stepLeader(state, message)
  else if (state.role === 'follower') stepFollower(state, message)
  else if (message.type === 'readIndex') refuseRead(state, message)
  else ignore(state, 'wrongRole')
}
