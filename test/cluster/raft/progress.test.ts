import t from 'tap'
import { defaultRaftConfig } from '#raft/config.ts'
import {
  advanceMatch,
  becomeProbe,
  becomeReplicate,
  becomeSnapshot,
  isPaused,
  makeProgress,
  type Progress,
  retreatNext,
} from '#raft/progress.ts'

function progressAt(matchIndex: number, nextIndex: number): Progress {
  const progress = makeProgress(
    { ...defaultRaftConfig, inflightMessagesMax: 2 },
    { nextIndex, recentActive: true },
  )
  progress.matchIndex = matchIndex
  return progress
}

t.test('an acknowledgement moves match and next forward only', (t) => {
  const cases = [
    { index: 2, match: 3, next: 5, isNews: false },
    { index: 3, match: 3, next: 5, isNews: false },
    { index: 4, match: 4, next: 5, isNews: true },
    { index: 9, match: 9, next: 10, isNews: true },
  ]
  for (const { index, match, next, isNews } of cases) {
    const progress = progressAt(3, 5)
    t.equal(advanceMatch(progress, index), isNews)
    t.match(progress, { matchIndex: match, nextIndex: next })
  }
  t.end()
})

t.test('a refusal in probe moves next back to where the logs may agree', (t) => {
  const cases = [
    { refused: 8, agree: 5, next: 6, isNews: true },
    { refused: 8, agree: 8, next: 8, isNews: true },
    { refused: 8, agree: 0, next: 4, isNews: true },
    { refused: 7, agree: 5, next: 9, isNews: false },
  ]
  for (const { refused, agree, next, isNews } of cases) {
    const progress = progressAt(3, 9)
    progress.probeSent = true
    t.equal(retreatNext(progress, refused, agree), isNews)
    t.match(progress, { nextIndex: next, probeSent: !isNews })
  }
  t.end()
})

t.test('a refusal in replicate goes back to probing after match, unless it is stale', (t) => {
  const progress = progressAt(3, 9)
  becomeReplicate(progress)
  progress.nextIndex = 9
  t.equal(retreatNext(progress, 3, 1), false)
  t.equal(retreatNext(progress, 8, 6), true)
  t.match(progress, { state: 'probe', nextIndex: 4 })
  t.end()
})

// A peer whose disk lost what it had acknowledged made the leader send the same append again with every
// refusal, without end and without a tick passing.
t.test(
  'what a peer acknowledged it cannot refuse: the next probe waits for a sign of life',
  (t) => {
    const progress = progressAt(3, 4)
    progress.probeSent = true
    t.equal(retreatNext(progress, 3, 1), false)
    t.match(progress, { state: 'probe', nextIndex: 4, probeSent: true })
    t.end()
  },
)

t.test('a refusal while a snapshot is on its way is stale', (t) => {
  const progress = progressAt(3, 9)
  becomeSnapshot(progress, 20)
  t.equal(retreatNext(progress, 8, 6), false)
  t.equal(isPaused(progress), true)
  t.end()
})

t.test('after a snapshot probing starts behind it', (t) => {
  const progress = progressAt(3, 9)
  becomeSnapshot(progress, 20)
  becomeProbe(progress)
  t.match(progress, { state: 'probe', nextIndex: 21, pendingSnapshotIndex: 0 })
  t.throws(() => becomeSnapshot(progress, 3), /forward/)
  t.end()
})

t.test('entries are paused by a probe that is out, and by a full window', (t) => {
  const progress = progressAt(0, 1)
  t.equal(isPaused(progress), false)
  progress.probeSent = true
  t.equal(isPaused(progress), true)
  becomeReplicate(progress)
  t.equal(isPaused(progress), false)
  progress.inflights.add(1, 1)
  progress.inflights.add(2, 1)
  t.equal(isPaused(progress), true)
  t.end()
})
