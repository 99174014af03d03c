import t from 'tap'
import type { Proposed } from '#node/driver.ts'
import { Submit } from '#node/submit.ts'
import { systemScheduler } from '#platform/system.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import type { Outcome } from '#state/outcome.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const OK: Outcome = { ok: true, value: null }
const BYTES = new Uint8Array([1])

const setUp = (leader: string | null) => {
  const clock = makeFakeClock()
  const world = {
    leader,
    proposals: [] as ((result: Proposed) => void)[],
    sent: [] as { to: string; message: PeerMessage }[],
    wanted: [] as string[],
    reachable: true,
    waiting: 0,
  }
  const submit = new Submit({
    nodeId: 'a',
    clock,
    scheduler: systemScheduler,
    leader: () => world.leader,
    waiting: () => world.waiting,
    propose: (_data, done) => void world.proposals.push(done),
    send: (to, message) => {
      if (world.reachable) world.sent.push({ to, message })
      return world.reachable
    },
    wantCommit: (peer, index) => void world.wanted.push(`${peer} ${index}`),
    limits: { forwardTimeoutMs: 1_500, leaderWaitMs: 5, proposalsWaitingMax: 10 },
  })
  return { clock, world, submit }
}
const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 2_000 && !condition(); i++) await new Promise((r) => setImmediate(r))
}

t.test(
  'on the leader an outcome comes when the entry at that index and term is applied',
  async (t) => {
    const { clock, world, submit } = setUp('a')
    const done = submit.submit(BYTES, clock.monotonicMs() + 9_000)
    world.proposals[0]?.({ ok: true, index: 7, term: 2 })
    submit.onApplied({ index: 7, term: 2, outcome: OK })
    t.same(await done, { outcome: OK, revision: 7 })
  },
)

t.test(
  'an entry of another term at that index is somebody else’s: the command is tried again',
  async (t) => {
    const { clock, world, submit } = setUp('a')
    const done = submit.submit(BYTES, clock.monotonicMs() + 9_000)
    world.proposals[0]?.({ ok: true, index: 7, term: 2 })
    submit.onApplied({ index: 7, term: 3, outcome: { ok: false, code: 'CONFLICT', message: '' } })
    await until(() => world.proposals.length === 2 || (submit.onLeader('a'), false))
    world.proposals[1]?.({ ok: true, index: 8, term: 3 })
    submit.onApplied({ index: 8, term: 3, outcome: OK })
    t.same(await done, { outcome: OK, revision: 8 })
  },
)

t.test(
  'a follower forwards, and asks the new leader at once when the old one is gone',
  async (t) => {
    const { clock, world, submit } = setUp('b')
    const done = submit.submit(BYTES, clock.monotonicMs() + 9_000)
    t.match(world.sent[0], { to: 'b', message: { type: 'forward', id: 1 } })
    world.leader = 'c'
    submit.onLeader('c')
    await until(() => world.sent.length === 2 || (submit.onLeader('c'), false))
    t.match(world.sent[1], { to: 'c', message: { type: 'forward', id: 2 } })
    submit.onForwarded(1, { ok: true, outcome: OK, revision: 99 })
    submit.onForwarded(2, { ok: true, outcome: OK, revision: 12 })
    t.same(await done, { outcome: OK, revision: 12 }, 'a late answer to the first try is ignored')
  },
)

t.test('a forward that is never answered is tried again after its time-out', async (t) => {
  const { clock, world, submit } = setUp('b')
  const done = submit.submit(BYTES, clock.monotonicMs() + 9_000)
  clock.advance(1_501)
  submit.onTick()
  await until(() => world.sent.length === 2 || (submit.onLeader('b'), false))
  submit.onForwarded(2, { ok: true, outcome: OK, revision: 12 })
  t.same(await done, { outcome: OK, revision: 12 })
})

t.test('without a leader the request fails as unknown at its deadline', async (t) => {
  const { clock, submit } = setUp(null)
  const done = submit.submit(BYTES, clock.monotonicMs() + 100)
  clock.advance(101)
  await t.rejects(done, { code: 'NO_QUORUM' })
})

t.test(
  'a forwarded command is answered when applied, and refused by a node that does not lead',
  (t) => {
    const { world, submit } = setUp('a')
    submit.onForward('c', 31, BYTES)
    world.proposals[0]?.({ ok: true, index: 4, term: 1 })
    t.equal(world.sent.length, 0, 'nothing is acknowledged before it is applied')
    submit.onApplied({ index: 4, term: 1, outcome: OK })
    t.same(world.sent[0], {
      to: 'c',
      message: { type: 'forwarded', id: 31, result: { ok: true, outcome: OK, revision: 4 } },
    })
    submit.onForward('c', 32, BYTES)
    world.proposals[1]?.({ ok: false, reason: 'notLeader', leader: 'b' })
    t.match(world.sent[1], { message: { result: { ok: false, reason: 'notLeader', leader: 'b' } } })
    t.end()
  },
)

t.test('a leader with too much waiting takes no more from its peers', (t) => {
  const { world, submit } = setUp('a')
  world.waiting = 10
  submit.onForward('c', 33, BYTES)
  t.equal(world.proposals.length, 0)
  t.match(world.sent[0], { message: { id: 33, result: { ok: false, reason: 'overloaded' } } })
  t.end()
})

t.test('the peer whose command was appended is to hear of its commit at once', async (t) => {
  const { world, submit } = setUp('a')
  submit.onForward('b', 1, BYTES)
  t.same(world.wanted, [])
  world.proposals[0]?.({ ok: true, index: 7, term: 2 })
  t.same(world.wanted, ['b 7'])
})
