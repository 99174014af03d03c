import t from 'tap'
import { planChange } from '#raft/change.ts'
import { changeFault, leaveJoint, members } from '#raft/membership.ts'
import { configurationOf } from '#test/support/raft-disk.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'

const abc = configurationOf(['a', 'b', 'c'], { learners: ['l'] })
const joint = configurationOf(['a', 'b'], { votersOutgoing: ['a', 'b', 'c'], autoLeave: true })

t.test('learners come and go without a joint configuration', (t) => {
  const learners = (ids: string[]) => ({ ok: true, configuration: { ...abc, learners: ids } })
  t.strictSame(planChange(abc, { addLearners: ['m'] }), learners(['l', 'm']))
  t.strictSame(planChange(abc, { remove: ['l'] }), learners([]))
  t.end()
})

t.test('any change of voters is joint, keeps the old side and leaves by itself', (t) => {
  const outgoing = { votersOutgoing: ['a', 'b', 'c'], autoLeave: true }
  const cases = [
    { change: { promote: ['l'] }, to: configurationOf(['a', 'b', 'c', 'l'], outgoing) },
    {
      change: { remove: ['c'] },
      to: configurationOf(['a', 'b'], { ...outgoing, learners: ['l'] }),
    },
    { change: { promote: ['l'], remove: ['c'] }, to: configurationOf(['a', 'b', 'l'], outgoing) },
    {
      change: { demote: ['c'] },
      to: configurationOf(['a', 'b'], { ...outgoing, learners: ['l'], learnersNext: ['c'] }),
    },
  ]
  for (const { change, to } of cases) {
    t.strictSame(planChange(abc, change), { ok: true, configuration: to })
  }
  t.end()
})

t.test('a wish that does not fit is refused with its reason', (t) => {
  const cases = [
    { from: joint, change: { addLearners: ['m'] }, fault: 'the change before is not finished' },
    { from: abc, change: {}, fault: 'nothing is to be changed' },
    { from: abc, change: { addLearners: ['l'] }, fault: 'l is a member already' },
    { from: abc, change: { promote: ['m'] }, fault: 'm is not a learner' },
    { from: abc, change: { promote: ['a'] }, fault: 'a is not a learner' },
    { from: abc, change: { demote: ['l'] }, fault: 'l is not a voter' },
    { from: abc, change: { remove: ['x'] }, fault: 'x is not a member' },
    { from: abc, change: { promote: ['l'], remove: ['l'] }, fault: 'a node is named twice' },
    { from: abc, change: { remove: ['a', 'b', 'c'] }, fault: 'there is no voter' },
  ]
  for (const { from, change, fault } of cases) {
    t.strictSame(planChange(from, change), { ok: false, fault })
  }
  t.end()
})

t.test('whatever is planned is a change that the core accepts, there and back', (t) => {
  const random = seededRandom(11)
  let configuration = configurationOf(['a'])
  let planned = 0
  for (let turn = 0; turn < 2_000; turn++) {
    const pick = (): string[] =>
      random.chance(30) ? [random.pick(['a', 'b', 'c', 'd', 'e', 'f', 'g'])] : []
    const wish = { addLearners: pick(), promote: pick(), demote: pick(), remove: pick() }
    const plan = planChange(configuration, wish)
    if (!plan.ok) continue
    planned++
    const next = plan.configuration
    t.equal(changeFault(configuration, next), null, JSON.stringify(wish))
    configuration = next.autoLeave ? leaveJoint(next) : next
    if (next.autoLeave) t.equal(changeFault(next, configuration), null)
    t.ok(wish.remove.every((id) => !members(configuration).includes(id)))
  }
  t.ok(planned > 100)
  t.end()
})
