import t from 'tap'
import { CatchUp, type CatchUpProgress } from '#node/catch-up.ts'

const LIMITS = { roundMsMax: 500, lagEntriesMax: 100 }

/** Samples every 100 ms; `rates` in entries a second. Returns what the last one says. */
function run(options: {
  readonly behind: number
  readonly writes: number
  readonly takes: number
  readonly seconds: number
}): { readonly last: CatchUpProgress; readonly closeAtMs: number | null } {
  const catchUp = new CatchUp(LIMITS)
  let [matchIndex, lastIndex] = [0, options.behind]
  let closeAtMs: number | null = null
  let last = catchUp.observe({ atMs: 0, matchIndex, lastIndex })
  for (let atMs = 100; atMs <= options.seconds * 1_000; atMs += 100) {
    lastIndex += options.writes / 10
    matchIndex = Math.min(lastIndex, matchIndex + options.takes / 10)
    last = catchUp.observe({ atMs, matchIndex, lastIndex })
    if (last.isClose) closeAtMs ??= atMs
  }
  return { last, closeAtMs }
}

t.test('a learner that takes in more than is written gets close', async (t) => {
  const { last, closeAtMs } = run({ behind: 10_000, writes: 1_000, takes: 4_000, seconds: 10 })
  t.ok(closeAtMs !== null && closeAtMs >= 3_000, 'not before it has read what it missed')
  t.match(last, { isClose: true, lagEntries: 0 })
  t.ok(last.rounds > 3)
})

t.test('a learner that takes in less than is written never gets close', async (t) => {
  const { last, closeAtMs } = run({ behind: 5_000, writes: 1_000, takes: 900, seconds: 60 })
  t.equal(closeAtMs, null)
  t.equal(last.entriesPerSecond, 900)
  t.ok(last.lagEntries > 10_000)
})

t.test('a small gap that does not shrink is not close', async (t) => {
  const { closeAtMs } = run({ behind: 90, writes: 0, takes: 0, seconds: 10 })
  t.equal(closeAtMs, null)
})

t.test('who was close and stands still is close no more', async (t) => {
  const catchUp = new CatchUp(LIMITS)
  t.equal(catchUp.observe({ atMs: 0, matchIndex: 50, lastIndex: 50 }).isClose, true)
  t.equal(catchUp.observe({ atMs: 100, matchIndex: 50, lastIndex: 60 }).isClose, true)
  t.equal(catchUp.observe({ atMs: 700, matchIndex: 50, lastIndex: 60 }).isClose, false)
})

t.test('a big gap is not close, however short the round was', async (t) => {
  const catchUp = new CatchUp(LIMITS)
  catchUp.observe({ atMs: 0, matchIndex: 50, lastIndex: 50 })
  t.equal(catchUp.observe({ atMs: 100, matchIndex: 51, lastIndex: 200 }).isClose, false)
})
