// Every checker of the region, under the name that verdicts and mutants call it by.
import type { MakeChecker } from '../checker.ts'
import { acknowledgedStays } from './acknowledged-stays.ts'
import { commitQuorum } from './commit-quorum.ts'
import { committedStays } from './committed-stays.ts'
import { currentTermCommit } from './current-term-commit.ts'
import { durableBeforeVisible } from './durable-before-visible.ts'
import { durableStays } from './durable-stays.ts'
import { electionSafety } from './election-safety.ts'
import { exactlyOnce } from './exactly-once.ts'
import { forgotIsSilent } from './forgot-is-silent.ts'
import { leaderCompleteness } from './leader-completeness.ts'
import { leaderFreshness } from './leader-freshness.ts'
import { linearizableReads } from './linearizable-reads.ts'
import { logMatching } from './log-matching.ts'
import { logTime } from './log-time.ts'
import { stateMachineSafety } from './state-machine-safety.ts'
import { truncatesOnConflict } from './truncates-on-conflict.ts'
import { uniqueAddress } from './unique-address.ts'
import { uniqueLease } from './unique-lease.ts'

export const CHECKERS: readonly MakeChecker[] = [
  electionSafety,
  logMatching,
  leaderCompleteness,
  leaderFreshness,
  stateMachineSafety,
  committedStays,
  truncatesOnConflict,
  commitQuorum,
  currentTermCommit,
  durableBeforeVisible,
  durableStays,
  forgotIsSilent,
  exactlyOnce,
  acknowledgedStays,
  linearizableReads,
  logTime,
  uniqueAddress,
  uniqueLease,
]
