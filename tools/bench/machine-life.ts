// M1: machines from New to Ready to Deployed and back, at three regions with 10 to 10,000 others in the inventory: how many a
// minute, what the regions' CPU is for one, and how long an independent client waits meanwhile. The work for one
// machine must not depend on how many there are.
import { execFile } from 'node:child_process'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { authorization, type Cluster } from './cluster.ts'
import { startFilledCluster, stopFilledCluster } from './filled-cluster.ts'
import { idOf } from './inventory.ts'
import type { LifeJob, LifeResult } from './life-load.ts'
import type { BenchOptions, Measured } from './main.ts'
import { cpuSecondsOf } from './process-cost.ts'

const LOAD = join(import.meta.dirname, 'life-load.ts')
/** Enough to keep two cores busy, few enough for a region's queue. */
const CLIENTS = 16
const WARM_LIVES = 32
const ROUND_MS = 1_200_000

type Round = LifeResult & { readonly cpuMs: number }

export async function measureMachineLife(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('M1')) return []
  const rows: Measured[] = []
  for (const machines of options.inventories) {
    const directory = join(options.directory, `machine-life-${machines}`)
    options.say(`M1: making ${machines} machines at three regions`)
    try {
      const cluster = await startFilledCluster(directory, { machines, deployed: 0 })
      rows.push(...rowsOf(machines, options.lives, await rounds(options, cluster, machines)))
    } finally {
      await stopFilledCluster(directory)
    }
  }
  return rows
}

async function rounds(
  options: BenchOptions,
  cluster: Cluster,
  machines: number,
): Promise<readonly Round[]> {
  const { lives } = options
  await live(cluster, { lives: WARM_LIVES, first: 0 })
  const done: Round[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const before = await used(cluster)
    const result = await live(cluster, { lives, first: WARM_LIVES + (round - 1) * lives })
    const cpuMs = Math.round(((await used(cluster)) - before) * 1e4) / lives / 10
    done.push({ ...result, cpuMs: Math.round(cpuMs * 10) / 10 })
    const { machine, page } = result.reads
    const figures = `${perMinute(lives, result)} lives a minute, ${done.at(-1)?.cpuMs} ms each`
    const asked = `GET p50 ${machine.p50Ms} p99 ${machine.p99Ms}, page p99 ${page.p99Ms} ms`
    const wrong = `${machine.errors + page.errors} errors`
    const load = loadavg()[0]?.toFixed(0)
    options.say(`M1 among ${machines}: ${figures}; ${asked}, ${wrong}, load ${load}`)
  }
  return done
}

async function live(
  cluster: Cluster,
  { lives, first }: { readonly lives: number; readonly first: number },
): Promise<LifeResult> {
  const job: LifeJob = {
    ...{ lives, first, clients: Math.min(CLIENTS, lives), systemId: idOf(0) },
    origins: cluster.nodes.map(({ api_url: url }) => url),
    authorization: authorization(cluster.apiKey),
  }
  const args = ['--disable-warning=ExperimentalWarning', LOAD, JSON.stringify(job)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: ROUND_MS })
  return JSON.parse(stdout.trim()) as LifeResult
}

async function used(cluster: Cluster): Promise<number> {
  const seconds = await Promise.all(cluster.nodes.map(({ pid }) => cpuSecondsOf(pid)))
  return seconds.reduce((sum, one) => sum + one, 0)
}

function perMinute(lives: number, { seconds }: LifeResult): number {
  return Math.round((lives * 60) / seconds)
}

function rowsOf(machines: number, lives: number, all: readonly Round[]): readonly Measured[] {
  const among = `among ${machines} machines`
  const row = (what: string, unit: string, of: (round: Round) => number): Measured => ({
    ...{ id: 'M1', what: `${what}, ${among}`, unit, ours: all.map(of), peer: null, peerName: '' },
  })
  return [
    row('lives of machines', '1/min', (round) => perMinute(lives, round)),
    row('CPU of all three regions for one, with the reads beside it', 'ms', (each) => each.cpuMs),
    row('a machine read meanwhile, p50', 'ms', ({ reads }) => reads.machine.p50Ms),
    row('its p99', 'ms', ({ reads }) => reads.machine.p99Ms),
    row('a page of the list meanwhile, p99', 'ms', ({ reads }) => reads.page.p99Ms),
  ]
}
