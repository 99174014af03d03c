import t from 'tap'
import { AppliedWaiters } from '#node/waiters.ts'

const LATER = 1_000

t.test(
  'a wait for an applied index resolves at once, a later one when it is reached',
  async (t) => {
    const waiters = new AppliedWaiters(5)
    await waiters.wait(5, LATER)
    const order: number[] = []
    const seven = waiters.wait(7, LATER).then(() => order.push(7))
    const six = waiters.wait(6, LATER).then(() => order.push(6))
    waiters.advance(6)
    await six
    t.same(order, [6])
    waiters.advance(9)
    await seven
    t.same(order, [6, 7])
    t.equal(waiters.applied, 9)
  },
)

t.test('a wait ends at its deadline: a node cut off keeps nobody for ever', async (t) => {
  const waiters = new AppliedWaiters(5)
  const seven = waiters.wait(7, 500)
  const eight = waiters.wait(8, 900)
  waiters.expire(500)
  await t.rejects(seven, { code: 'TIMEOUT' })
  waiters.advance(8)
  await eight
})
