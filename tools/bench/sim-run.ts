// P16: the simulator: ticks per second of CPU of an idle cluster of three whole nodes with every checker on, and
// of the runs of `ironraft sim` with clients and faults. One tick is 50 ms of the product.
import { CHECKERS } from '../sim/checkers/all.ts'
import { drawProfile } from '../sim/profile.ts'
import { runSeeds } from '../sim/run-seeds.ts'
import { splitRandom } from '../sim/seeded-random.ts'
import { World } from '../sim/world.ts'
import type { BenchOptions, Measured } from './main.ts'

const IDLE_TICKS = 200_000
const SEEDS = 10

export async function measureSimulator(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('P16')) return []
  const idle: number[] = []
  const busy: number[] = []
  for (let round = 0; round < options.rounds; round++) {
    idle.push(await perCpuSecond(idleRun))
    busy.push(await perCpuSecond(busyRun))
  }
  const fixed = { id: 'P16', unit: 'ticks/s', peer: null, peerName: '' }
  return [
    { ...fixed, what: 'simulated ticks, 3 idle nodes, per CPU second', ours: idle },
    { ...fixed, what: 'simulated ticks, seeds with clients and faults', ours: busy },
  ]
}

async function perCpuSecond(run: () => Promise<number>): Promise<number> {
  const began = process.cpuUsage()
  const ticks = await run()
  const { user, system } = process.cpuUsage(began)
  return Math.round((ticks / (user + system)) * 1_000_000)
}

async function idleRun(): Promise<number> {
  const profile = drawProfile(splitRandom(1, 'profile'))
  const world = new World({ seed: 1, nodeCount: 3, profile, checkers: CHECKERS })
  await world.begin(3)
  await world.timeline.run(IDLE_TICKS * profile.limits.tickMs * 1_000)
  return IDLE_TICKS
}

async function busyRun(): Promise<number> {
  const { totals } = await runSeeds({
    ...{ from: 0, count: SEEDS, nodeCount: 3, ticks: 2_000, shrinkTriesMax: 0 },
    isOver: () => false,
    onSeed: () => {},
  })
  return totals.ticks
}
