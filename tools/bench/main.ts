// `npm run bench`: what docs/performance.md quotes. Peers and ours alternate in one run; medians and ratios
// count, absolute figures move with the neighbours. Results go to bench-results/<time>.json beside the disk's
// own fdatasync median of that run. Nothing here is a test.
//
//   npm run bench -- --help
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fdatasyncP50Ms } from './disk.ts'
import { measureApi } from './api.ts'
import { measureCommands } from './commands.ts'
import { measureDns } from './dns.ts'
import { measureFailover } from './failover-run.ts'
import { measureCore } from './core-run.ts'
import { measureFootprint } from './footprint.ts'
import { measureIdle } from './idle-run.ts'
import { measureMachineLife } from './machine-life.ts'
import { measureMachineList } from './machine-list.ts'
import { parseBenchArguments } from './options.ts'
import { measureSimulator } from './sim-run.ts'
import { measureSnapshotStall } from './snapshot-stall.ts'

const run = promisify(execFile)

export type Measured = {
  readonly id: string
  readonly what: string
  readonly unit: string
  readonly ours: readonly number[]
  /** Null when the peer is not installed or was left out. */
  readonly peer: readonly number[] | null
  readonly peerName: string
}

export type BenchOptions = {
  readonly directory: string
  readonly only: ReadonlySet<string>
  readonly rounds: number
  readonly seconds: number
  readonly failovers: number
  /** Of machines in a round of M1, and how many others there are, for each measure of it. */
  readonly lives: number
  readonly inventories: readonly number[]
  /** etcd, where it is installed. */
  readonly peer: boolean
  /** Peers of other measures that are installed. */
  readonly otherPeers: boolean
  readonly say: (line: string) => void
}

const MEASURES = [
  measureIdle,
  measureCommands,
  measureFailover,
  measureDns,
  measureApi,
  measureFootprint,
  measureCore,
  measureSimulator,
  measureSnapshotStall,
  measureMachineList,
  measureMachineLife,
]

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

async function main(): Promise<void> {
  const given = parseBenchArguments(process.argv.slice(2))
  if (given.kind !== 'run') {
    if (given.kind === 'help') process.stdout.write(given.text)
    else process.stderr.write(`bench: ${given.why}\n`)
    process.exitCode = given.kind === 'help' ? 0 : 2
    return
  }
  const hasEtcd = await run('etcd', ['--version']).then(
    () => true,
    () => false,
  )
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  if (!hasEtcd) say('etcd is not installed (Debian: etcd-server): measuring ours alone')
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-bench-'))
  const options: BenchOptions = {
    ...given.options,
    directory,
    peer: hasEtcd && given.options.peer,
    otherPeers: given.options.peer,
    say,
  }
  try {
    const before = fdatasyncP50Ms(directory)
    const measured: Measured[] = []
    for (const measure of MEASURES) {
      measured.push(...(await measure(options)))
    }
    const disk = { before, after: fdatasyncP50Ms(directory) }
    await report(measured, disk)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function report(
  measured: readonly Measured[],
  fdatasyncMs: { readonly before: number; readonly after: number },
): Promise<void> {
  const rows = measured.map(({ id, what, unit, ours, peer, peerName }) => ({
    id,
    what,
    unit,
    ours: median(ours),
    'ours min–max': `${Math.min(...ours)}–${Math.max(...ours)}`,
    peer: peer === null ? '–' : `${peerName} ${median(peer)}`,
    'ours/peer': peer === null ? '–' : (median(ours) / median(peer)).toFixed(2),
  }))
  console.table(rows)
  console.log(
    `fdatasync p50 of this disk: ${fdatasyncMs.before} ms before, ${fdatasyncMs.after} after`,
  )
  await mkdir('bench-results', { recursive: true })
  const path = join('bench-results', `${new Date().toISOString().replaceAll(':', '-')}.json`)
  await writeFile(path, `${JSON.stringify({ fdatasyncMs, measured }, null, 2)}\n`)
  console.log(`written to ${path}`)
}

await main()
