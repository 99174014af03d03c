import t from 'tap'
import { Reads } from '#node/reads.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const setUp = () => {
  const clock = makeFakeClock()
  const asked: number[] = []
  const limits = { readRetryMs: 300, requestTimeoutMs: 1_000 }
  const reads = new Reads({ ask: (id) => void asked.push(id), clock, limits })
  return { clock, asked, reads }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('reads of one turn share one round', async (t) => {
  const { asked, reads } = setUp()
  const both = Promise.all([reads.index(), reads.index()])
  await turn()
  t.same(asked, [1])
  reads.onReads([{ requestId: 1, index: 42 }])
  t.same(await both, [42, 42])
})

t.test(
  'a read that begins while a round is out waits for the next (it may not share it)',
  async (t) => {
    const { asked, reads } = setUp()
    const first = reads.index()
    await turn()
    const second = reads.index()
    await turn()
    t.same(asked, [1])
    reads.onReads([{ requestId: 1, index: 42 }])
    t.equal(await first, 42)
    t.same(asked, [1, 2])
    reads.onReads([{ requestId: 2, index: 50 }])
    t.equal(await second, 50)
  },
)

t.test('an unconfirmed round gets a new id, late answers are ignored (pitfall E2)', async (t) => {
  const { clock, asked, reads } = setUp()
  const read = reads.index()
  await turn()
  clock.advance(301)
  reads.onTick()
  t.same(asked, [1, 2])
  reads.onReads([{ requestId: 1, index: 7 }])
  reads.onReads([{ requestId: 2, index: 9 }])
  t.equal(await read, 9)
})

t.test(
  'a refused round is repeated, and a new leader need not wait for the time-out',
  async (t) => {
    const { asked, reads } = setUp()
    const read = reads.index()
    await turn()
    reads.onReads([{ requestId: 1, index: null }])
    reads.onLeader()
    t.same(asked, [1, 2])
    reads.onReads([{ requestId: 2, index: 3 }])
    t.equal(await read, 3)
  },
)

t.test('without any leader a read fails at its deadline', async (t) => {
  const { clock, reads } = setUp()
  const read = reads.index()
  await turn()
  clock.advance(1_001)
  reads.onTick()
  await t.rejects(read, { code: 'NO_QUORUM' })
})
