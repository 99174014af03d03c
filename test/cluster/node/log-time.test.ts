import t from 'tap'
import { makeLogTime } from '#node/log-time.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

t.test('a stamp is the last entry’s plus what was counted since it became the last', (t) => {
  const clock = makeFakeClock()
  const logTime = makeLogTime(clock)
  logTime.lastEntry(5_000)
  clock.advance(250.9)
  t.equal(logTime.next(), 5_250)
  t.end()
})

t.test('the base is the last entry, not the newest stamp ever seen (lease-protocol §1.1)', (t) => {
  const clock = makeFakeClock()
  const logTime = makeLogTime(clock)
  logTime.lastEntry(90_000)
  logTime.lastEntry(10_000)
  clock.advance(100)
  t.equal(logTime.next(), 10_100)
  t.end()
})

t.test('time counted before the last entry came does not count twice', (t) => {
  const clock = makeFakeClock()
  const logTime = makeLogTime(clock)
  logTime.lastEntry(0)
  clock.advance(1_000)
  logTime.lastEntry(1_000)
  t.equal(logTime.next(), 1_000)
  t.end()
})

t.test('a clock that runs back makes log time stand still, never run back', (t) => {
  const clock = makeFakeClock()
  const logTime = makeLogTime(clock)
  logTime.lastEntry(7_000)
  clock.advance(-500)
  t.equal(logTime.next(), 7_000)
  t.end()
})

t.test('a jump of the wall clock changes nothing', (t) => {
  const clock = makeFakeClock()
  const logTime = makeLogTime(clock)
  logTime.lastEntry(7_000)
  clock.jumpWall(3_600_000)
  t.equal(logTime.next(), 7_000)
  t.end()
})

t.test('a leader that appends every half millisecond still lets log time run', (t) => {
  const clock = makeFakeClock()
  const logTime = makeLogTime(clock)
  logTime.lastEntry(0)
  for (let i = 0; i < 1_000; i++) {
    clock.advance(0.5)
    logTime.lastEntry(logTime.next())
  }
  t.equal(logTime.next(), 500)
  t.end()
})
