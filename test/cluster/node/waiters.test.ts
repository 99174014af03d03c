import t from 'tap'
import { AppliedWaiters } from '#node/waiters.ts'

t.test(
  'a wait for an applied index resolves at once, a later one when it is reached',
  async (t) => {
    const waiters = new AppliedWaiters(5)
    await waiters.wait(5)
    const order: number[] = []
    const seven = waiters.wait(7).then(() => order.push(7))
    const six = waiters.wait(6).then(() => order.push(6))
    waiters.advance(6)
    await six
    t.same(order, [6])
    waiters.advance(9)
    await seven
    t.same(order, [6, 7])
    t.equal(waiters.applied, 9)
  },
)
