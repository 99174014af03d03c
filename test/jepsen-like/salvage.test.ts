import t from 'tap'
import type { ChaosNode } from '#chaos/cluster.ts'
import { mostOf, parseOnDisk } from '#chaos/salvage.ts'
import { whatHappens } from '#tools/commands/region-recover.ts'

const named = (name: string) => ({ name }) as ChaosNode

t.test('the disk with the highest term is read, among equals the one with the most', async (t) => {
  const disks = [
    { node: named('long'), term: 2, revision: 900 },
    { node: named('short'), term: 3, revision: 700 },
    { node: named('newest'), term: 3, revision: 701 },
  ]
  t.equal(mostOf(disks)?.node.name, 'newest')
  t.equal(mostOf(disks.toReversed())?.node.name, 'newest')
  t.equal(mostOf([]), null)
})

t.test('term and revision are what the product says before a recovery', async (t) => {
  type Happens = Parameters<typeof whatHappens>
  const before = { clusterId: 'c-1' } as Happens[0]
  const found = { state: { revision: 812 }, lastTerm: 7, commitIndex: 800 } as Happens[2]
  const said = whatHappens(before, { id: 'abcdef' }, found).join('\n')
  t.same(parseOnDisk(said), { term: 7, revision: 812 })
  t.equal(parseOnDisk('ironraft: no node is left'), null)
})
