// The feature level of a cluster: what all support, what waits for it, and who must stop.
import t from 'tap'
import { expectKnownLevel, expectLevelFor, levelOfAll } from '#node/feature-levels.ts'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { NodeReport } from '#protocol/peer.ts'
import type { Command, CommandType } from '#state/command.ts'
import { commandLevel } from '#state/command-levels.ts'
import type { RegionState } from '#state/state.ts'
import { anyCidr, newMachine, newSubnet } from '#test/support/region-state.ts'

const newest = SUPPORTED_LEVELS.max
const none = { votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }
/** Reports by node; undefined levels: a node of the first version. */
const reports =
  (levels: Readonly<Record<string, number | undefined>>) =>
  (id: string): NodeReport | null => {
    if (!Object.hasOwn(levels, id)) return null
    const max = levels[id]
    return (max === undefined ? {} : { featureLevels: { min: 1, max } }) as NodeReport
  }
const command = (type: CommandType) => ({ type }) as Command
const stateAt = (featureLevel: number) => ({ featureLevel }) as RegionState

t.test('the level of all is the lowest that a member supports, and never above ours', async (t) => {
  const three = { ...none, voters: ['a', 'b', 'c'] }
  t.equal(levelOfAll(three, reports({ a: 9, b: 9, c: 9 })), newest)
  t.equal(levelOfAll(three, reports({ a: newest, b: newest, c: newest - 1 })), newest - 1)
  t.equal(levelOfAll(three, reports({ a: newest, b: undefined, c: newest })), 1)
})

t.test('one member that was not heard of leaves the level open', async (t) => {
  t.equal(levelOfAll({ ...none, voters: ['a', 'b'] }, reports({ a: newest })), null)
})

t.test('learners and the outgoing side of a joint configuration count', async (t) => {
  const heard = reports({ a: newest, old: 1 })
  t.equal(levelOfAll({ ...none, voters: ['a'], learners: ['old'] }, heard), 1)
  t.equal(levelOfAll({ ...none, voters: ['a'], votersOutgoing: ['old'] }, heard), 1)
  t.equal(levelOfAll({ ...none, voters: ['a'], learnersNext: ['old'] }, heard), 1)
})

t.test(
  'a command that the cluster does not know yet is refused before it is proposed',
  async (t) => {
    t.throws(() => expectLevelFor(command('setting.put'), stateAt(0)), {
      code: 'UNSUPPORTED_VERSION',
      message: /setting.put needs feature level 1, the cluster is at 0: upgrade every region/,
    })
    expectLevelFor(command('setting.put'), stateAt(1))
    t.equal(commandLevel('cluster.raiseLevel'), 1)
  },
)

t.test('an IPv6 subnet needs a later level than an IPv4 one', async (t) => {
  const create = (text: string) => newSubnet(text, 5001)
  const move = (text: string): Command => {
    return { type: 'subnet.update', id: 1 as never, set: { cidr: anyCidr(text) } }
  }
  for (const made of [create, move]) {
    expectLevelFor(made('192.0.2.0/24'), stateAt(1))
    expectLevelFor(made('2001:db8::/64'), stateAt(3))
    const refused = { code: 'UNSUPPORTED_VERSION', message: /needs feature level 3/ }
    t.throws(() => expectLevelFor(made('2001:db8::/64'), stateAt(2)), refused)
  }
})

t.test(
  'a machine that is commissioned at once needs a later level than one that waits',
  async (t) => {
    expectLevelFor(newMachine(1), stateAt(1))
    for (const begin of [DEFAULT_PROBE, 'deployed' as const]) {
      const refused = { code: 'UNSUPPORTED_VERSION', message: /needs feature level 3/ }
      t.throws(() => expectLevelFor({ ...newMachine(1), begin }, stateAt(2)), refused)
    }
  },
)

t.test('what only old logs hold is proposed no more, at any level', async (t) => {
  for (const type of ['restore.begin', 'restore.accept'] as const) {
    const refused = { code: 'UNSUPPORTED_VERSION', message: /proposed no more/ }
    t.throws(() => expectLevelFor(command(type), stateAt(newest)), refused)
  }
})

t.test('a state beyond this code ends the process', async (t) => {
  expectKnownLevel(stateAt(newest))
  t.throws(() => expectKnownLevel(stateAt(newest + 1)), { code: 'UNSUPPORTED_VERSION' })
})
