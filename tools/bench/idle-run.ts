// P14: three idle regions and one idle rack; and the time from the bootstrap command to a usable cluster.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Cluster, startCluster, stopCluster } from './cluster.ts'
import { idleOf } from './idle.ts'
import type { BenchOptions, Measured } from './main.ts'

const LAUNCH = join(import.meta.dirname, '..', 'launch.cjs')
/** What a start leaves behind is over then: optimised code, and the last collection, 55 s after. */
const SETTLE_MS = 70_000
const SECONDS = 20

export async function measureIdle(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('P14')) return []
  const directory = join(options.directory, 'idle')
  const cluster = await startCluster(directory)
  const rack = await startIdleRack(cluster, join(options.directory, 'rack'))
  try {
    options.say('idle: settling')
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const regions = await Promise.all(cluster.nodes.map((node) => idleOf(node.pid, SECONDS)))
    const ofRack = await idleOf(rack.pid, SECONDS)
    const row = (what: string, unit: string, ours: readonly number[]): Measured => ({
      ...{ id: 'P14', what, unit, ours },
      peer: null,
      peerName: '',
    })
    return [
      row('bootstrap of three nodes to usable', 'ms', [cluster.bootstrapMs]),
      row(
        'idle region, resident memory',
        'MB',
        regions.map((idle) => idle.residentMb),
      ),
      row(
        'idle region, CPU of one core',
        '%',
        regions.map((idle) => idle.cpuPercent),
      ),
      row('idle rack, resident memory', 'MB', [ofRack.residentMb]),
      row('idle rack, CPU of one core', '%', [ofRack.cpuPercent]),
    ]
  } finally {
    rack.stop()
    await stopCluster(directory)
  }
}

async function startIdleRack(
  cluster: Cluster,
  directory: string,
): Promise<{ readonly pid: number; readonly stop: () => void }> {
  const child = spawn(
    process.execPath,
    [
      ...[LAUNCH, 'rack', 'start', '--token', cluster.rackToken, '--dir', directory],
      ...['--http-port', '15248', '--tftp-port', '15069'],
    ],
    { stdio: 'ignore' },
  )
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  // The launcher's child does the work: its memory is what counts.
  const { stdout } = await import('node:child_process').then(({ spawnSync }) =>
    spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }),
  )
  const pid = Number(stdout.trim().split('\n')[0]) || (child.pid ?? 0)
  return { pid, stop: () => child.kill('SIGTERM') }
}
