import t from 'tap'
import { between, Network, partition } from '#chaos/network.ts'

const NODES = ['a', 'b', 'c', 'd', 'e']

function cut(shape: Parameters<typeof partition>[0], nodes: readonly string[]) {
  const network = new Network()
  const { links, targets } = partition(shape, nodes)
  network.block(links)
  const hears = (name: string): string =>
    nodes.filter((other) => other !== name && network.allows(other, name)).join('')
  return { network, targets, hears }
}

t.test('a link has a direction, and healing mends all', async (t) => {
  const network = new Network()
  let told = 0
  const stop = network.onChange(() => told++)
  network.block([{ from: 'a', to: 'b' }])
  t.notOk(network.allows('a', 'b'))
  t.ok(network.allows('b', 'a'))
  t.notOk(network.isWhole)
  network.heal()
  t.ok(network.allows('a', 'b'))
  t.ok(network.isWhole)
  t.equal(told, 2)
  stop()
  network.block(between(['a'], ['b']))
  t.equal(told, 2, 'who stopped listening is not told')
})

t.test('one: the target hears nobody, the others hear each other', async (t) => {
  const { targets, hears } = cut('one', NODES)
  t.same(targets, ['a'])
  t.equal(hears('a'), '')
  t.equal(hears('b'), 'cde')
})

t.test('halves: a minority with the target, and a majority', async (t) => {
  const { targets, hears } = cut('halves', NODES)
  t.same(targets, ['a', 'b'])
  t.equal(hears('a'), 'b')
  t.equal(hears('e'), 'cd')
  t.same(cut('halves', ['a', 'b', 'c']).targets, ['a'])
})

t.test('bridge: two halves that only the target hears', async (t) => {
  const { hears } = cut('bridge', NODES)
  t.equal(hears('a'), 'bcde')
  t.equal(hears('b'), 'ac')
  t.equal(hears('e'), 'ad')
})

t.test('ring: each of five hears a majority, and no two the same', async (t) => {
  const { hears } = cut('ring', NODES)
  t.same(NODES.map(hears), ['be', 'ac', 'bd', 'ce', 'ad'])
  t.same(['a', 'b', 'c'].map(cut('ring', ['a', 'b', 'c']).hears), ['c', 'a', 'b'])
})

t.test('asymmetric: the target speaks to all and hears nobody', async (t) => {
  const { network, hears } = cut('asymmetric', NODES)
  t.equal(hears('a'), '')
  t.equal(hears('b'), 'acde')
  t.ok(network.allows('a', 'e'))
})
