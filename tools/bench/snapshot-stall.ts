// How long the event loop stands still while 200,000 rows are made a snapshot, restored from it, and written
// back to the state database: `monitorEventLoopDelay` at 1 ms beside commands that go on being applied. Each
// round is a process of its own, so that no garbage of the round before is collected in it.
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { openStores } from '#node/open-stores.ts'
import type { NodeFile } from '#node/node-file.ts'
import { Pace } from '#node/pace.ts'
import { readSnapshot, writeSnapshot } from '#node/snapshots.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock } from '#platform/system.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { openSnapshotStore } from '#storage/snapshot-store.ts'
import type { BenchOptions, Measured } from './main.ts'

const ROWS = 200_000
const CONFIGURATION: SnapshotMeta['configuration'] = {
  ...{ voters: ['a'], votersOutgoing: [], learners: [], learnersNext: [] },
  autoLeave: false,
}

export async function measureSnapshotStall(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('S1')) return []
  const rounds: Readonly<Record<string, Step>>[] = []
  for (let round = 0; round < options.rounds; round++) {
    const dir = await mkdtemp(join(options.directory, 'stall-'))
    const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, dir])
    const steps = JSON.parse(stdout) as Readonly<Record<string, Step>>
    rounds.push(steps)
    options.say(`S1 round ${round + 1} of ${options.rounds}`)
  }
  const row = (what: string, ours: readonly number[]): Measured => {
    return { id: 'S1', what, unit: 'ms', ours, peer: null, peerName: '' }
  }
  return ['make', 'restore', 'rewrite'].flatMap((step) => {
    const of = (name: keyof Step): number[] => rounds.map((round) => round[step]?.[name] ?? 0)
    return [
      row(`longest stall, ${step} ${ROWS} rows`, of('stallMs')),
      row(`CPU of the longest turn, ${step}`, of('turnCpuMs')),
      row(`whole time, ${step}`, of('tookMs')),
    ]
  })
}

type Step = {
  /** By the wall clock, with what other processes took from this one. */
  readonly stallMs: number
  /** What the main thread itself worked between two turns of its loop. */
  readonly turnCpuMs: number
  readonly tookMs: number
}

async function oneRound(dir: string): Promise<Readonly<Record<string, Step>>> {
  const state = filled()
  const node: NodeFile = {
    ...{ version: 1, clusterId: 'bench', nodeId: 'a', host: '127.0.0.1' },
    ...{ apiPort: 1, peerPort: 2, peers: [], firstVoters: ['a'] },
  }
  const logger = makeLogger({ level: 'error', write: () => {}, clock: systemClock })
  const stores = await openStores(dir, node, logger)
  const files = await openSnapshotStore(dir, { inForce: () => 0 })
  const pace = new Pace(systemClock, REGION_CONFIG.snapshotSliceMs)
  const writing = keepWriting(state)
  const make = await watched(() =>
    writeSnapshot(files, state, { term: 1, configuration: CONFIGURATION, pace }),
  )
  writing.stop()
  const restore = await watched(() => readSnapshot(files, make.value.meta, pace))
  const rewrite = await watched(() => stores.rewriteRows(restore.value, CONFIGURATION))
  await stores.close()
  const figures = ({ stallMs, turnCpuMs, tookMs }: Step): Step => ({ stallMs, turnCpuMs, tookMs })
  return { make: figures(make), restore: figures(restore), rewrite: figures(rewrite) }
}

/** Half holds with their indexes and deadlines, half settings: small rows are the hard case. */
function filled(): RegionState {
  const state = emptyState()
  for (let i = 0; i < ROWS / 2; i++) {
    const ip = makeIpv4(0x0a000000 + i)
    const mac = `52:54:00:${i
      .toString(16)
      .padStart(6, '0')
      .replace(/(..)(..)(..)/, '$1:$2:$3')}`
    const client = `01${mac.replaceAll(':', '')}`
    const hold = {
      ...{ ip, client, mac, hostname: `host-${i}`, rackId: 'rack01', subnetId: 1 },
      ...{ boundAt: i, until: 1e9 + i, leaseSeconds: 600, released: false },
    }
    state.load('holds', ip, hold as never)
    state.load('settings', `custom/${i}`, { name: `custom/${i}`, value: `value of ${i}` })
  }
  state.advance(1_000_000, 5_000_000)
  return state
}

/** A thousand rows a second change meanwhile, new and old ones. */
function keepWriting(state: RegionState): { readonly stop: () => void } {
  let count = 0
  const timer = setInterval(() => {
    state.advance(state.revision + 1, state.stamp + 10)
    for (let i = 0; i < 10; i++) {
      const name = `custom/${(count++ * 7_919) % ROWS}`
      state.settings.put(name, { name, value: `changed ${count}` })
    }
    state.journal.take()
  }, 10)
  return { stop: () => clearInterval(timer) }
}

/** Looks at the thread's CPU time once a turn. */
function watchTurns(): { readonly stop: () => number } {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  let last = used()
  let longest = 0
  let stopped = false
  const look = (): void => {
    const now = used()
    longest = Math.max(longest, now - last)
    last = now
    if (!stopped) setImmediate(look)
  }
  setImmediate(look)
  return {
    stop: () => {
      stopped = true
      return Math.round(longest * 10) / 10
    },
  }
}

async function watched<T>(work: () => Promise<T>): Promise<Step & { readonly value: T }> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await new Promise((resolve) => setTimeout(resolve, 50))
  delay.reset()
  const turns = watchTurns()
  const beganMs = performance.now()
  const value = await work()
  const tookMs = Math.round(performance.now() - beganMs)
  const turnCpuMs = turns.stop()
  await new Promise((resolve) => setTimeout(resolve, 5))
  delay.disable()
  return { stallMs: Math.round(delay.max / 1e5) / 10, turnCpuMs, tookMs, value }
}

if (import.meta.main) process.stdout.write(JSON.stringify(await oneRound(process.argv[2] ?? '')))
