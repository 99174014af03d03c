// Requests that wait for a reply: none is resolved twice, each gives up at its own time.
import t from 'tap'
import type { RackToRegionReply } from '#protocol/rack.ts'
import { PendingRequests, requestTimeoutMs, UNKNOWN } from '#rack/pending-requests.ts'

const reply: RackToRegionReply = { ok: true, revision: 1, outcome: { ok: true, value: null } }

t.test('a reply goes to the request of its id; a second one to nobody', async (t) => {
  const pending = new PendingRequests({ inFlightMax: 4 })
  const answers = [1, 2].map(() => pending.add(1_000, () => true))
  pending.settle(2, reply)
  pending.settle(2, UNKNOWN)
  pending.failAll()
  t.strictSame(await Promise.all(answers), [UNKNOWN, reply])
})

t.test('each gives up at its own deadline, in whatever order they were sent', async (t) => {
  const pending = new PendingRequests({ inFlightMax: 4 })
  void pending.add(10_000, () => true)
  const short = pending.add(800, () => true)
  pending.expire(799)
  t.equal(pending.size, 2)
  pending.expire(800)
  t.equal(pending.size, 1)
  t.strictSame(await short, UNKNOWN)
})

t.test('a full table and a connection that takes nothing are said to be so', async (t) => {
  const pending = new PendingRequests({ inFlightMax: 1 })
  t.match(await pending.add(1_000, () => false), { reason: 'overloaded' })
  void pending.add(1_000, () => true)
  t.match(await pending.add(1_000, () => true), { reason: 'overloaded' })
})

t.test('a client’s bind is waited for shortly, a tenure longer', async (t) => {
  t.equal(requestTimeoutMs({ type: 'lease.bind' }), 800)
  t.equal(requestTimeoutMs({ type: 'tenure.hello' }), 10_000)
  t.equal(requestTimeoutMs({ type: 'tenure.beat' }), 10_000)
})
