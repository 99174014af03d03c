import t from 'tap'
import {
  changeFault,
  configurationFault,
  decodeConfiguration,
  encodeConfiguration,
  isVoter,
  leaveJoint,
  members,
  voterIds,
} from '#raft/membership.ts'
import { configurationOf } from '#test/support/raft-disk.ts'

const joint = configurationOf(['a', 'b', 'd'], {
  votersOutgoing: ['a', 'b', 'c'],
  learners: ['l'],
  learnersNext: ['c'],
  autoLeave: true,
})

t.test('members and voters are walked in one order on every node', (t) => {
  t.strictSame(members(joint), ['a', 'b', 'c', 'd', 'l'])
  t.strictSame(voterIds(joint), ['a', 'b', 'c', 'd'])
  t.equal(isVoter(joint, 'c'), true)
  t.equal(isVoter(joint, 'l'), false)
  t.end()
})

t.test('D6: a demoted voter becomes a learner when the joint configuration is left', (t) => {
  t.strictSame(leaveJoint(joint), configurationOf(['a', 'b', 'd'], { learners: ['l', 'c'] }))
  t.throws(() => leaveJoint(configurationOf(['a'])))
  t.end()
})

t.test('a configuration of unsound shape is refused', (t) => {
  const cases = [
    { configuration: joint, fault: null },
    { configuration: configurationOf([]), fault: /no voter/ },
    { configuration: configurationOf(['a', 'a']), fault: /twice/ },
    { configuration: configurationOf(['']), fault: /empty id/ },
    { configuration: configurationOf(['a'], { learners: ['a'] }), fault: /learner is a voter/ },
    { configuration: configurationOf(['a'], { learnersNext: ['b'] }), fault: /next learner/ },
    { configuration: configurationOf(['a'], { autoLeave: true }), fault: /leaves by itself/ },
  ]
  for (const { configuration, fault } of cases) {
    const found = configurationFault(configuration)
    if (fault === null) t.equal(found, null)
    else t.match(found, fault)
  }
  t.end()
})

t.test('voters change by way of a joint configuration, and only learners become voters', (t) => {
  const abc = configurationOf(['a', 'b', 'c'])
  const cases = [
    { from: abc, to: configurationOf(['a', 'b', 'c', 'd']), ok: false },
    { from: abc, to: configurationOf(['a', 'b']), ok: false },
    { from: abc, to: configurationOf(['a', 'b', 'c'], { learners: ['d', 'e'] }), ok: true },
    { from: abc, to: configurationOf(['a', 'b', 'd']), ok: false },
    { from: abc, to: configurationOf(['a']), ok: false },
    { from: abc, to: joint, ok: false },
    { from: { ...abc, learners: ['d'] }, to: joint, ok: true },
    { from: configurationOf(['a', 'b', 'x']), to: joint, ok: false },
    { from: joint, to: leaveJoint(joint), ok: true },
    { from: joint, to: configurationOf(['a', 'b', 'd']), ok: false },
    { from: joint, to: joint, ok: false },
  ]
  for (const { from, to, ok } of cases) t.equal(changeFault(from, to) === null, ok)
  t.end()
})

t.test('a configuration survives its bytes; other bytes are refused', (t) => {
  t.strictSame(decodeConfiguration(encodeConfiguration(joint)), joint)
  for (const text of ['', '[]', '[2,["a"],[],[],[],false]', '[1,[],[],[],[],false]', '[1,[7]]']) {
    t.throws(() => decodeConfiguration(new TextEncoder().encode(text)), text)
  }
  t.end()
})
