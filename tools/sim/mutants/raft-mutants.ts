// Deliberate bugs of consensus and of its log: each was somebody's once (raft-testing §6), or breaks a sentence
// of the paper. The pitfalls are those of `cluster/raft/README.md`.
//
// Not here, because another rule makes them harmless: a follower that commits min(leaderCommit, end of its log), or
// acknowledges the end of its log. Both need a message that matches and leaves a tail uncompared that differs. The leader's
// search never goes below the last common entry (a hint's term is at least that entry's), and the first entry behind it
// differs and cuts the tail off; a probe without entries ends at the leader's last, beyond which it ignores answers.
import type { Mutant } from './mutant.ts'

const HISTORY = ['committed-stays', 'leader-completeness', 'state-machine-safety', 'commit-quorum']

/** One entry a message: what follows it in the follower's log has not been compared. */
const SMALL_PAGES: Mutant['focus'] = {
  weights: { isolate: 8, kill: 3, split: 4, pause: 3, slowDisk: 2 },
  limits: { appendBytesMax: 1, inflightMessagesMax: 2 },
}

export const RAFT_MUTANTS: readonly Mutant[] = [
  {
    name: 'ack-before-sync',
    file: 'cluster/node/driver.ts',
    find: '    const save = async (): Promise<void> => {\n',
    replace: '    const save = async (): Promise<void> => {\n      this.#send(work.messages)\n',
    why: `A1, A3: votes and acknowledgements leave before the write they speak of is synced (etcd 3.5 on one node)`,
    caughtBy: ['durable-before-visible'],
    seedsMax: 5,
  },
  {
    name: 'vote-not-persisted',
    file: 'cluster/raft/vote.ts',
    find: "  sendAfterAppend(state, { ...reply, type: 'requestVoteReply' })",
    replace: "  state.messages.push({ ...reply, type: 'requestVoteReply' })",
    why: 'A1: a vote leaves at once; after a crash the node votes again in the same term',
    caughtBy: ['durable-before-visible', 'election-safety'],
    seedsMax: 5,
  },
  {
    name: 'vote-forgotten-on-disk',
    file: 'cluster/storage/durable-log-store.ts',
    find: 'hardState: write.hardState ?? this.#tail.hardState,',
    replace: 'hardState: { ...(write.hardState ?? this.#tail.hardState), votedFor: null },',
    why: 'A1: the term is stored, the vote is not; only a restart shows it',
    caughtBy: ['durable-stays', 'election-safety'],
    seedsMax: 20,
  },
  {
    name: 'votes-for-everybody',
    file: 'cluster/raft/vote.ts',
    find: 'const isFree = state.votedFor === null && state.leader === null',
    replace: 'const isFree = true',
    why: '§5.2: one vote per term; a candidate gives its own away and still asks for others',
    caughtBy: ['election-safety', 'durable-before-visible', 'assertion'],
    seedsMax: 100,
  },
  {
    name: 'votes-for-old-logs',
    file: 'cluster/raft/log.ts',
    find: '    if (lastLogTerm !== lastTerm) return lastLogTerm > lastTerm\n',
    replace: '',
    why: 'A11, §5.4.1: only the length of a log is compared, not the term of its last entry',
    caughtBy: HISTORY,
    seedsMax: 150,
  },
  {
    name: 'votes-whatever-the-log',
    file: 'cluster/raft/log.ts',
    find: '    return lastLogIndex >= this.lastIndex\n',
    replace: '    return true\n',
    why: '§5.4.1: a candidate whose log is shorter is elected',
    caughtBy: HISTORY,
    seedsMax: 60,
  },
  {
    name: 'no-leader-freshness',
    file: 'cluster/raft/vote.ts',
    find: '  return state.electionElapsed < state.config.electionTicksMin\n',
    replace: '  return false\n',
    why: `A9, dissertation §4.2.3: a node that comes back from a partition deposes a leader that works`,
    caughtBy: ['leader-freshness'],
    seedsMax: 30,
  },
  {
    name: 'no-current-term-rule',
    file: 'cluster/raft/proposal.ts',
    find: 'if (state.log.termAt(index) === state.currentTerm) commitTo(state, index)',
    replace: 'commitTo(state, index)',
    why: 'B1, Figure 8: entries of an older term are committed by counting',
    caughtBy: ['current-term-commit', ...HISTORY],
    seedsMax: 400,
  },
  {
    name: 'leader-counts-unwritten',
    file: 'cluster/raft/proposal.ts',
    find: 'id === state.id ? state.log.durableIndex :',
    replace: 'id === state.id ? state.log.lastIndex :',
    why: 'B5, B6: the leader counts its own entries before they are on its disk',
    caughtBy: ['commit-quorum'],
    seedsMax: 30,
  },
  {
    name: 'quorum-of-one-less',
    file: 'cluster/raft/quorum.ts',
    find: 'return Math.floor(count / 2) + 1',
    replace: 'return Math.ceil(count / 2) - (count > 3 ? 1 : 0)',
    why: 'five nodes, two of them suffice',
    caughtBy: ['commit-quorum', 'election-safety', ...HISTORY],
    seedsMax: 30,
  },
  {
    name: 'joint-commits-by-one-side',
    file: 'cluster/raft/quorum.ts',
    find: `  if (votersOutgoing.length === 0) return incoming\n  return Math.min(incoming, majorityIndex(votersOutgoing, matchOf))`,
    replace: '  return incoming',
    why: 'D4: in a joint configuration only the new side is asked',
    caughtBy: HISTORY,
    focus: { weights: { membership: 4, slowDisk: 1, isolate: 1, transfer: 1 } },
    seedsMax: 60,
  },
  {
    name: 'counts-itself-after-removal',
    file: 'cluster/raft/reconfigure.ts',
    find: `  state.configuration = configuration
  if (state.role !== 'leader') return
  const ids = members(configuration)
  if (!isVoter(configuration, state.id)) {
    stepDownRemoved(state)
    return
  }
`,
    replace: `  const own = state.role === 'leader' && !isVoter(configuration, state.id) ? [state.id] : []
  state.configuration = { ...configuration, voters: [...configuration.voters, ...own] }
  if (state.role !== 'leader') return
  const ids = members(configuration)
`,
    why: 'B15, D7: a leader that was removed goes on and counts its own log',
    caughtBy: HISTORY,
    focus: { nodeCount: 5, weights: { membership: 4, slowDisk: 4, isolate: 1 } },
    seedsMax: 100,
  },
  {
    name: 'blind-truncation',
    file: 'cluster/raft/follower.ts',
    find: '  const firstNew = log.firstNew(entries)\n',
    replace: '  const firstNew = entries[0]?.index ?? 0\n',
    why: 'B3: a late AppendEntries cuts off what came after it',
    caughtBy: ['truncates-on-conflict'],
    seedsMax: 30,
  },
  {
    name: 'accepts-any-prefix',
    file: 'cluster/raft/follower.ts',
    find: 'const isMatch = log.matches(prevLogIndex, prevLogTerm)',
    replace: 'const isMatch = prevLogIndex <= log.lastIndex',
    why: '§5.3: the entry before is not compared, only that there is one',
    caughtBy: ['log-matching', 'assertion', ...HISTORY],
    seedsMax: 60,
  },
  {
    name: 'probe-never-repeated',
    file: 'cluster/raft/leader.ts',
    find: '  progress.probeSent = false\n',
    replace: '',
    why: 'B9, B10: a lost probe is never sent again; the follower stays behind for ever',
    caughtBy: ['liveness'],
    seedsMax: 60,
  },
  {
    name: 'commit-beyond-verified',
    file: 'cluster/raft/follower.ts',
    find: 'commitTo(state, Math.min(message.leaderCommit, lastVerified))',
    replace: 'commitTo(state, message.leaderCommit)',
    why: 'B2: the leader’s commit index is taken for entries that this message did not bring',
    caughtBy: ['assertion', ...HISTORY],
    focus: SMALL_PAGES,
    seedsMax: 20,
  },
  {
    name: 'heartbeat-carries-commit',
    file: 'cluster/raft/replication.ts',
    find: 'leaderCommit: Math.min(progress.matchIndex, state.commitIndex),',
    replace: 'leaderCommit: state.commitIndex,',
    why: `B2 (scylla #10578): a heartbeat moves the commit index over entries that were never compared`,
    caughtBy: HISTORY,
    seedsMax: 100,
  },
  {
    name: 'acknowledges-a-conflict',
    file: 'cluster/raft/follower.ts',
    find: '    refuse(state, message)\n    return\n',
    replace: '    acknowledge(state, message, prevLogIndex)\n    return\n',
    why: 'B4 (CCF #6016): the follower acknowledges entries it lacks, or has otherwise',
    caughtBy: ['durable-before-visible', ...HISTORY],
    seedsMax: 20,
  },
  {
    name: 'applies-uncommitted',
    file: 'cluster/raft/output.ts',
    find: 'return Math.min(state.commitIndex, state.log.durableIndex)',
    replace: 'return state.log.durableIndex',
    why: '§5.3: entries take effect as soon as they are written here',
    caughtBy: ['commit-quorum', 'state-machine-safety', 'committed-stays', 'assertion'],
    seedsMax: 5,
  },
  {
    name: 'applies-unwritten',
    file: 'cluster/raft/output.ts',
    find: 'return Math.min(state.commitIndex, state.log.durableIndex)',
    replace: 'return state.commitIndex',
    why: 'C5, B6: the state runs ahead of the own log; a crash takes back what was applied',
    caughtBy: ['durable-before-visible'],
    seedsMax: 30,
  },
  {
    name: 'read-without-quorum',
    file: 'cluster/raft/read-index.ts',
    find: '  state.readsWaiting.push({ from, requestId, index: state.commitIndex, round })\n',
    replace: '  answer(state, { from, requestId }, state.commitIndex)\n',
    why: 'etcd 0.4, Consul (2014): a leader that was deposed answers reads from memory',
    caughtBy: ['linearizable-reads'],
    seedsMax: 200,
  },
  {
    name: 'read-round-reused',
    file: 'cluster/raft/read-index.ts',
    find: 'const round = state.readRound + 1',
    replace: 'const round = state.readRound',
    why: 'E2 (etcd #20418): late answers to an older question confirm a newer one',
    caughtBy: ['linearizable-reads'],
    seedsMax: 200,
  },
  {
    name: 'read-before-own-commit',
    file: 'cluster/raft/read-index.ts',
    find: 'if (!hasCommittedInTerm(state) || count >=',
    replace: 'if (count >=',
    why: 'E1 (TiKV #6340, Redis-Raft #18): a new leader serves before it knows what is committed',
    caughtBy: ['linearizable-reads'],
    seedsMax: 300,
  },
  {
    name: 'receipt-not-compared',
    file: 'cluster/storage/log-load.ts',
    find: '  if (behind !== null) throw damaged(path, behind)\n',
    replace: '',
    why: 'C10: a node whose disk lost its tail comes back as if nothing had happened',
    caughtBy: ['durable-stays', 'forgot-is-silent', 'assertion'],
    focus: { weights: { lostTail: 3, kill: 2, isolate: 1 } },
    seedsMax: 40,
  },
]
