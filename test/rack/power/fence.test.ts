// The fence (design D11): whatever racks, messages and BMCs do, a machine is really switched off at most once and on at
// most once by one intent, and every intent ends.
import t from 'tap'
import { POWER_ACT_MS, POWER_INTENT_MS } from '#model/power.ts'
import { type Effect, PowerWorld } from './world.ts'

/** Bounded; `SEEDS=…` runs more. */
const SEEDS = Number(process.env['SEEDS'] ?? 300)
const SECOND_US = 1_000_000
const FAULTS_SECONDS = 300

async function runSeed(seed: number) {
  const world = new PowerWorld(seed)
  const { timeline, random, racks } = world
  // Some seeds supersede a lot, others let intents grow old.
  const wishes = seed % 2 === 0 ? 5 : 1
  // Racks that are away most of the time meet seldom: others must be nearly always there.
  const faults = [4, 1, 0.2][seed % 3] ?? 4
  for (let second = 1; second < FAULTS_SECONDS; second += 1) {
    timeline.at(second * SECOND_US, () => {
      timeline.dirty = true
      world.sweep()
      if (second === 1 || random.chance(wishes))
        world.wish(random.pick(['cycle', 'cycle', 'on', 'off']))
      // Half of them about as long as a claim, which is when the rack and the region could disagree.
      const ms = random.chance(50)
        ? 1_000 + random.integer(200_000)
        : POWER_ACT_MS + random.integer(45_000)
      if (random.chance(faults)) world.suspend(random.pick(racks), ms)
      if (random.chance(faults)) cutOff(world, 1_000 + random.integer(60_000))
    })
  }
  await timeline.run(FAULTS_SECONDS * SECOND_US)
  world.healed = true
  const last = FAULTS_SECONDS + POWER_INTENT_MS / 1_000 + 60
  for (let second = FAULTS_SECONDS; second < last; second += 5) {
    timeline.at(second * SECOND_US, () => world.sweep())
  }
  await timeline.run(last * SECOND_US)
  await world.close()
  return world
}

function cutOff({ timeline, random, racks }: PowerWorld, forMs: number): void {
  const rack = random.pick(racks)
  rack.isCutOff = true
  timeline.in(forMs * 1_000, () => {
    rack.isCutOff = false
  })
}

/** Fences under which a machine was switched the same way twice. */
function repeated(effects: readonly Effect[]): readonly string[] {
  const seen = new Set<string>()
  return effects
    .map(({ fence, turned }) => `${turned} under ${fence}`)
    .filter((each) => seen.has(each) || !seen.add(each))
}

t.test(`no intent switches a machine twice, and each one ends (${SEEDS} seeds)`, async (t) => {
  let switched = 0
  let fences = 0
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const { effects, intents, believed } = await runSeed(seed)
    const wrong = repeated(effects)
    if (wrong.length > 0) t.fail(`seed ${seed}: ${wrong.join(', ')}`, { effects })
    if (believed.length > 0) t.fail(`seed ${seed}: a late report was believed`, { believed })
    if (intents.size > 0) t.fail(`seed ${seed}: an intent is still open`, { intents })
    switched += effects.length
    fences += new Set(effects.map(({ fence }) => fence)).size
  }
  t.ok(switched > 2 * SEEDS, `${switched} times switched`)
  t.ok(fences > SEEDS, `under ${fences} intents`)
})
