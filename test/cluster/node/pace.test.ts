// Slices of long work.
import t from 'tap'
import { Pace } from '#node/pace.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

t.test('a slice is over when its time is, and a new one begins after the rest', async (t) => {
  const clock = makeFakeClock()
  const pace = new Pace(clock, 8)
  clock.advance(7)
  t.equal(pace.due(), false)
  clock.advance(1)
  t.equal(pace.due(), true)
  let others = 0
  setImmediate(() => others++)
  await pace.rest()
  t.equal(others, 1, 'what waited had its turn')
  t.equal(pace.due(), false)
})
