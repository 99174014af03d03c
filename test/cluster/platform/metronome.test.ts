// Periodic tasks share one timer; each keeps its period by the clock.
import t from 'tap'
import { Metronome } from '#platform/metronome.ts'

type Interval = { readonly periodMs: number; readonly task: () => void }

/** Intervals that run when told, on a clock that is set by hand. */
function makeLab() {
  let nowMs = 0
  const intervals: Interval[] = []
  const metronome = new Metronome({
    nowMs: () => nowMs,
    interval: (periodMs, task) => {
      const interval = { periodMs, task }
      intervals.push(interval)
      return () => void intervals.splice(intervals.indexOf(interval), 1)
    },
  })
  const beat = (atMs: number): void => {
    nowMs = atMs
    for (const { periodMs, task } of intervals.slice()) if (periodMs === 50) task()
  }
  return { metronome, intervals, beat }
}

t.test('tasks of many periods wake the process by one timer', async (t) => {
  const { metronome, intervals, beat } = makeLab()
  const ran = { fast: 0, slow: 0 }
  metronome.every(50, () => ran.fast++)
  metronome.every(200, () => ran.slow++)
  t.equal(intervals.length, 1)
  for (let atMs = 50; atMs <= 1_000; atMs += 50) beat(atMs)
  t.same(ran, { fast: 20, slow: 5 })
})

t.test('beats that a stall swallowed do not delay a slow task, nor run it twice', async (t) => {
  const { metronome, beat } = makeLab()
  const ran: number[] = []
  let nowMs = 0
  metronome.every(1_000, () => ran.push(nowMs))
  for (const atMs of [50, 100, 3_100, 3_150, 4_050, 4_100]) {
    nowMs = atMs
    beat(atMs)
  }
  t.same(ran, [3_100, 4_100])
})

t.test('a beat a little early or late keeps the period', async (t) => {
  const { metronome, beat } = makeLab()
  let ran = 0
  metronome.every(100, () => ran++)
  for (const atMs of [49, 99, 151, 198, 250, 299]) beat(atMs)
  t.equal(ran, 3)
})

t.test('the timer ends with the last task; a task may end itself or another', async (t) => {
  const { metronome, intervals, beat } = makeLab()
  const ran: string[] = []
  const stopB = { now: (): void => {} }
  const stopA = metronome.every(50, () => {
    ran.push('a')
    stopB.now()
  })
  stopB.now = metronome.every(50, () => ran.push('b'))
  beat(50)
  t.same(ran, ['a'])
  stopA()
  t.equal(intervals.length, 0)
  metronome.every(50, () => ran.push('c'))
  beat(100)
  t.same(ran, ['a', 'c'])
})

t.test('a period that is no multiple of a beat has a timer of its own', async (t) => {
  const { metronome, intervals } = makeLab()
  metronome.every(30, () => {})()
  t.equal(intervals.length, 0)
  metronome.every(30, () => {})
  t.equal(intervals[0]?.periodMs, 30)
})
