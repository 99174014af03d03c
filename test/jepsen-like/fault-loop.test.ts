// The loop alone, with a nemesis of its own and no cluster.
import t from 'tap'
import type { ChaosCluster } from '#chaos/cluster.ts'
import { runFaults } from '#chaos/fault-loop.ts'
import { bothPlaces, type Injected, type Nemesis, Undecided } from '#chaos/nemesis.ts'
import { seededRandom } from '#chaos/seeded-random.ts'

const required = bothPlaces('fake').slice(0, 1)

function loopWith(inject: () => Promise<Injected | null>, stopped = new AbortController().signal) {
  const nodes = ['a', 'b', 'c'].map((name) => ({ name }))
  const nemesis: Nemesis = { name: 'fake', summary: '', required: () => required, inject }
  const cluster = { nodes } as unknown as ChaosCluster
  return runFaults({
    world: { cluster, random: seededRandom(1), stopped, leader: async () => 'b' },
    ...{ nemeses: [nemesis], required, seconds: 1, nowNs: () => 0, say: () => {} },
  })
}

t.test('what the product refuses ends the faults and is told', async (t) => {
  const { records, refused } = await loopWith(async () => {
    throw new Error('no removal today')
  })
  t.same(records, [])
  t.equal(refused, 'fake (leader in): no removal today')
})

t.test('what could not be finished for an unknown reason is no refusal', async (t) => {
  const { records, refused, undecided } = await loopWith(async () => {
    throw new Undecided('not every node was well')
  })
  t.same(records, [])
  t.equal(refused, null)
  t.equal(undecided, 'fake (leader in): not every node was well')
})

t.test('a healing that is refused is told as well', async (t) => {
  const { refused } = await loopWith(async () => ({
    ...{ targets: ['b'], detail: '' },
    heal: async () => {
      throw new Error('nobody may join')
    },
  }))
  t.equal(refused, 'fake (leader in): nobody may join')
})

t.test('who led just before the hit is taken from the nemesis where that tells', async (t) => {
  const hit = { targets: ['b'], detail: '', heal: async () => {} }
  const plain = await loopWith(async () => hit)
  t.match(plain.records[0], { leaderBefore: 'b' })
  const later = await loopWith(async () => ({ ...hit, leaderBefore: 'c' }))
  t.match(later.records[0], { leaderBefore: 'c' })
})
