// A checker in small, for the tests of the mutants.
import { quorumSize } from '#raft/quorum.ts'

const quorum = quorumSize(3)
const answer =
  quorum === 2
    ? { verdict: 'pass', seeds: 1 }
    : { verdict: 'fail', seed: 3, checker: 'commit', message: `a quorum of ${quorum}` }
process.stdout.write(`${JSON.stringify(answer)}\n`)
