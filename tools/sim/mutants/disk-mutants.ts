// Deliberate bugs of what a node makes of its disk: what it lost, what it has computed wrong, and how full it is
// (pitfalls C10–C13, `cluster/node/README.md`). Each runs with the faults it is about, and with deaths.
import type { Mutant } from './mutant.ts'

const LOSS: Mutant['focus'] = {
  weights: { wipe: 3, lostTail: 2, kill: 2, slowDisk: 2, isolate: 1 },
}
const SET_BACK: Mutant['focus'] = { weights: { olderImage: 3, kill: 2, transfer: 1 } }
const ROWS: Mutant['focus'] = {
  weights: { rowFlip: 3, isolate: 1 },
  limits: { stateHashEntries: 16 },
}

export const DISK_MUTANTS: readonly Mutant[] = [
  {
    name: 'memories-not-compared',
    file: 'cluster/node/recollection.ts',
    find: "    if (why !== null) return { type: 'forgot', why: `${peer} remembers that ${why}` }\n",
    replace: '',
    why: 'C10: a disk that was set back is believed, whatever the others remember',
    caughtBy: ['forgot-is-silent'],
    focus: SET_BACK,
    seedsMax: 20,
  },
  {
    name: 'forgot-and-votes',
    file: 'cluster/raft/vote.ts',
    find: '  if (state.amnesia !== 0) return false\n',
    replace: '',
    why: 'C10: it votes a second time in a term that it does not remember (RethinkDB #5289)',
    caughtBy: ['forgot-is-silent', 'election-safety'],
    focus: LOSS,
    seedsMax: 40,
  },
  {
    name: 'forgot-and-acknowledges',
    file: 'cluster/raft/amnesia.ts',
    find: 'return state.amnesia === 0 ? {} : { amnesia: state.amnesia }',
    replace: 'return {}',
    why: 'C10: commits are counted with a node that may have promised them away',
    caughtBy: ['forgot-is-silent', 'commit-quorum'],
    focus: LOSS,
    seedsMax: 20,
  },
  {
    name: 'recovers-before-it-has-all',
    file: 'cluster/node/rejoin.ts',
    find: 'const isReady = await caughtUp().then(',
    replace: 'const isReady = await Promise.resolve().then(',
    why: 'C10: it votes again with a log that lacks what it had acknowledged',
    caughtBy: ['forgot-is-silent', 'leader-completeness'],
    focus: LOSS,
    seedsMax: 40,
  },
  {
    name: 'asks-its-first-voters',
    file: 'cluster/node/wire-rejoin.ts',
    find: 'return lastApplied < onDisk.index ? onDisk : { index: lastApplied, configuration }',
    replace: 'return { index: lastApplied, configuration }',
    why: 'a node that lost its state waits for members that were removed (found by this simulator)',
    caughtBy: ['liveness'],
    focus: { nodeCount: 3, weights: { membership: 2, powerLoss: 1 } },
    seedsMax: 60,
  },
  {
    name: 'hashes-not-compared',
    file: 'cluster/node/state-watch.ts',
    find: '        if (!found.nodes.includes(nodeId)) return\n',
    replace: '        return\n',
    why: 'a node whose state differs goes on, votes, and makes snapshots of it',
    caughtBy: ['state-hash'],
    focus: ROWS,
    seedsMax: 40,
  },
  {
    name: 'wrong-rows-kept',
    file: 'cluster/node/disk.ts',
    find: 'if (before.isWrong && hasOthers) await',
    replace: 'if (before.isWrong && !hasOthers) await',
    why: 'the next life of a node that differs starts from the rows that were wrong',
    caughtBy: ['state-hash', 'state-machine-safety', 'acknowledged-stays'],
    focus: ROWS,
    seedsMax: 40,
  },
  {
    name: 'alarm-never-ends',
    file: 'cluster/node/space-alarm.ts',
    find: "  return freeBytes < low ? 'low' : 'none'",
    replace: "  return freeBytes < low || before !== 'none' ? 'low' : 'none'",
    why: 'C13: a cluster whose disks were full once stays read-only',
    caughtBy: ['liveness'],
    focus: { weights: { diskFills: 1 } },
    seedsMax: 20,
  },
]
