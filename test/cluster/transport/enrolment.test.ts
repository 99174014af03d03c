// How many strangers may try a secret.
import t from 'tap'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { RateLimit } from '#transport/enrolment.ts'
import { Incarnations } from '#transport/incarnations.ts'

const taken = (limit: RateLimit, tries: number): number => {
  return Array.from({ length: tries }, () => limit.take()).filter((each) => each).length
}

t.test('a burst of one second, then what time gives back', async (t) => {
  const clock = makeFakeClock()
  const limit = new RateLimit(clock, 5)
  t.equal(taken(limit, 20), 5)
  clock.advance(400)
  t.equal(taken(limit, 20), 2)
  clock.advance(3_600_000)
  t.equal(taken(limit, 20), 5)
})

t.test('the highest incarnation of each node is remembered', async (t) => {
  const incarnations = new Incarnations()
  t.equal(incarnations.of('a'), 0)
  incarnations.see('a', 4)
  incarnations.see('a', 2)
  t.equal(incarnations.of('a'), 4)
  t.equal(incarnations.of('b'), 0)
})
