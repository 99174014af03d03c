// Who leaves and who comes, without a process: whatever is planned, as many nodes are there afterwards, each on one
// address, and the clients' addresses all lead to a member.
import t from 'tap'
import { planReplace, planShrink, type Step, whoLeaves } from '#chaos/nemeses/membership.ts'
import { bothPlaces } from '#chaos/nemesis.ts'
import { seededRandom } from '#chaos/seeded-random.ts'

const [inside, outside] = bothPlaces('membership', 'grow')
if (inside === undefined || outside === undefined) throw new Error('two places')

const FIVE = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']

/** Does what the steps say to a cluster of names. */
function model(names: readonly string[]) {
  const members = new Set(names)
  const doors = new Map(names.map((name) => [name, name]))
  const killed = new Set<string>()
  const follow = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.do === 'kill') killed.add(step.name)
      if (step.do === 'join') members.add(step.name)
      if (step.do === 'remove' && !members.delete(step.name)) throw new Error('no such member')
      if (step.do !== 'move clients') continue
      for (const [door, to] of doors) if (to === step.from) doors.set(door, step.to)
    }
  }
  const lost = () => [...doors.values()].filter((name) => !members.has(name))
  return { members, killed, follow, lost }
}

for (const [kind, dead] of [
  [inside, []],
  [outside, ['node-2']],
] as const) {
  t.test(`replaced, ${kind.leader}: removed first, then there again`, async (t) => {
    const { members, killed, follow, lost } = model(FIVE)
    const plan = planReplace(kind, 'node-2')
    follow(plan.inject)
    t.same([...members], ['node-1', 'node-3', 'node-4', 'node-5'])
    t.same([...killed], dead, 'the leader leaves alive, another one dead')
    follow(plan.heal)
    t.same([...members].toSorted(), FIVE)
    t.same(lost(), [])
  })
}

for (const leaving of ['node-2', 'node-6']) {
  t.test(`one more, then ${leaving} leaves: as many as before, clients find them`, async (t) => {
    const { members, follow, lost } = model(FIVE)
    follow([{ do: 'join', name: 'node-6' }])
    t.equal(members.size, 6)
    follow(planShrink(leaving, 'node-6'))
    t.equal(members.size, 5)
    t.notOk(members.has(leaving))
    t.same(lost(), [])
  })
}

t.test('who leaves is the leader, or certainly another', async (t) => {
  const { pick } = seededRandom(4)
  const leavers = (kind: typeof inside) =>
    new Set(Array.from({ length: 60 }, () => whoLeaves(kind, FIVE, { leader: 'node-3', pick })))
  t.same(leavers(inside), new Set(['node-3']))
  t.same(leavers(outside), new Set(['node-1', 'node-2', 'node-4', 'node-5']))
  t.equal(whoLeaves(inside, FIVE, { leader: null, pick }), null)
})
