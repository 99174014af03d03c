// Simulated operators and joining nodes: only what the log admitted becomes a node.
import t from 'tap'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { CHECKERS } from '#tools/sim/checkers/all.ts'
import { MembershipFaults } from '#tools/sim/membership.ts'
import { drawProfile } from '#tools/sim/profile.ts'
import { runSeed } from '#tools/sim/run-seed.ts'
import { splitRandom } from '#tools/sim/seeded-random.ts'
import { World } from '#tools/sim/world.ts'

// On a busy machine runs take their time.
t.setTimeout(170_000)

const SPARE = 'dddddd'

/** Three nodes with a leader; `run` lets that much virtual time pass. */
async function makeStage() {
  const profile = drawProfile(splitRandom(1, 'profile'))
  const world = new World({ seed: 1, nodeCount: 3, profile, checkers: CHECKERS })
  world.timeline.alwaysDrains = true
  const faults = new MembershipFaults(world, world.random('inject'))
  await world.begin(3)
  const run = async (ms: number): Promise<void> => {
    await world.timeline.run(world.timeline.nowUs + ms * 1_000)
  }
  await run(3_000)
  const spare = world.nodes.find(({ id }) => id === SPARE)
  if (spare === undefined) throw new Error('there is no spare')
  return { world, faults, run, spare }
}

t.test('who gets no answer asks again, and starts when it is admitted', async (t) => {
  const { world, faults, run, spare } = await makeStage()
  for (const { data } of world.nodes) data.roomBytes = 0
  await run(3_000)
  t.equal(faults.change('grow'), true)
  await run(3_000)
  t.equal(spare.phase, 'down')
  t.equal(faults.openCount, 1)
  for (const { data } of world.nodes) data.free()
  await run(15_000)
  t.equal(spare.phase, 'up')
  t.equal(faults.openCount, 0)
  t.ok(world.voters.includes(SPARE))
  t.equal(world.violation, null)
})

t.test('who is refused never starts', async (t) => {
  const { world, faults, run, spare } = await makeStage()
  const token = { type: 'token.create', digest: `token of ${SPARE}`, lifetimeMs: 60_000 } as const
  const command = { ...token, kind: 'rack' } as const
  const made = world.leader?.assembly.region.propose(command, { actor: SYSTEM_ACTOR })
  await run(3_000)
  t.equal((await made)?.outcome.ok, true)
  t.equal(faults.change('grow'), true)
  await run(5_000)
  t.equal(faults.openCount, 0)
  t.equal(spare.phase, 'down')
  t.equal(world.violation, null)
})

// The story: two nodes that had not been admitted were up, and one client happened to ask only them, five times in
// all, for longer than a healed region may take.
t.test('a healed region has no nodes that belong to nobody', async (t) => {
  const { violation, counts } = await runSeed({ seed: 82, nodeCount: 3, ticks: 1_500 })
  t.equal(violation, null)
  t.ok(counts.faults.membership)
})
