// P7: DNS answers per second and CPU per query, on a zone of 10,000 hosts, by `dnsperf` with one thread and eight
// sockets on the cores of the server: above some 100,000 a second it is dnsperf that is measured, and the CPU of the
// server per query is the honest figure. Ours is a region process with its zone made through the API; it and
// the peers run side by side, and each in its turn is asked. What a process uses with nobody asking is taken off. Needs Debian's `dnsperf`.
import { execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '../client.ts'
import { startCluster, stopCluster } from './cluster.ts'
import { addressOf, HOSTS, type NameServer, startPeers, ZONE } from './dns-peers.ts'
import type { BenchOptions, Measured } from './main.ts'
import { cpuSecondsOf } from './process-cost.ts'

const run = promisify(execFile)
const LAUNCH = join(import.meta.dirname, '..', 'launch.cjs')
const MAIN = join(import.meta.dirname, '..', 'main.ts')
const OUR_PORT = 15_300
const CREATORS = 32
const READY_MS = 20_000
const WARM_SECONDS = 2

type Figures = { readonly perSecond: number; readonly cpuMicros: number }

export async function measureDns(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('P7')) return []
  const { say } = options
  if ((await run('dnsperf', ['-h']).catch(codeOf)) === 'ENOENT') {
    say('dnsperf is not installed (Debian: dnsperf): P7 is left out')
    return []
  }
  const directory = join(options.directory, 'dns')
  await mkdir(directory, { recursive: true })
  const questions = join(directory, 'questions')
  await writeFile(questions, questionLines())
  const ours = await startOurs(directory, say)
  const peers = options.otherPeers ? await startPeers(directory, say) : []
  try {
    for (const server of [ours, ...peers]) {
      await untilReady(server, questions)
      // What is asked first is compiled first.
      await ask(server, questions, WARM_SECONDS)
    }
    const figures = await alternate([ours, ...peers], questions, options)
    return rowsOf(figures, [ours, ...peers])
  } finally {
    for (const server of [ours, ...peers]) server.stop()
    await stopCluster(join(directory, 'ours'))
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}

/** The same order for everybody, in no order of the zone. */
function questionLines(): string {
  const lines = Array.from({ length: 50_000 }, (_, i) => `host${(i * 7_919) % HOSTS}.${ZONE} A`)
  return `${lines.join('\n')}\n`
}

async function startOurs(directory: string, say: (line: string) => void): Promise<NameServer> {
  const cluster = await startCluster(join(directory, 'ours'), { nodes: 1 })
  const [node] = cluster.nodes
  if (node === undefined) throw new Error('no region was started')
  say(`P7: making ${HOSTS} hosts`)
  const client = new Client({ urls: [node.api_url], apiKey: cluster.apiKey })
  await client.post('/MAAS/api/2.0/domains/', { name: ZONE })
  let next = 0
  const create = async (): Promise<void> => {
    while (next < HOSTS) {
      const host = next++
      const fields = { fqdn: `host${host}.${ZONE}`, ip_addresses: addressOf(host) }
      await client.post('/MAAS/api/2.0/dnsresources/', fields)
    }
  }
  await Promise.all(Array.from({ length: CREATORS }, create))
  // Again as a child like the peers: the kernel schedules what is detached as a group of its own, against all others.
  await run(process.execPath, [LAUNCH, 'region', 'stop', '--dir', cluster.directory])
  const dns = ['--dns', `127.0.0.1:${OUR_PORT}`]
  const args = ['--disable-warning=ExperimentalWarning', MAIN, 'region', 'run', ...dns]
  const child = spawn(process.execPath, [...args, '--dir', node.data_dir], { stdio: 'ignore' })
  const stop = (): void => void child.kill('SIGKILL')
  return { name: 'ours', port: OUR_PORT, pid: child.pid ?? 0, stop }
}

async function untilReady(server: NameServer, questions: string): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (performance.now() < deadline) {
    const { lost, completed } = await ask(server, questions, 0.2)
    if (completed > 0 && lost === 0) return
  }
  throw new Error(`${server.name} does not answer on port ${server.port}`)
}

async function alternate(
  servers: readonly NameServer[],
  questions: string,
  { rounds, seconds, say }: BenchOptions,
): Promise<ReadonlyMap<string, readonly Figures[]>> {
  const figures = new Map<string, Figures[]>(servers.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const server of servers) {
      const idle = await idleCpuOf(server.pid)
      const before = await cpuSecondsOf(server.pid)
      const { completed, perSecond, lost } = await ask(server, questions, seconds)
      const cpuSeconds = (await cpuSecondsOf(server.pid)) - before - idle * seconds
      const cpuMicros = (cpuSeconds * 1e6) / completed
      figures.get(server.name)?.push({ perSecond, cpuMicros: Math.round(cpuMicros * 100) / 100 })
      const load = loadavg()[0]?.toFixed(0)
      const figure = `${perSecond}/s, ${cpuMicros.toFixed(2)} µs, ${lost} lost, load ${load}`
      say(`P7 round ${round}: ${server.name} ${figure}`)
    }
  }
  return figures
}

/** Cores that it uses with nobody asking: a region does more than DNS, and on a busy host few queries share it. */
async function idleCpuOf(pid: number): Promise<number> {
  const before = await cpuSecondsOf(pid)
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const took = (performance.now() - began) / 1_000
  return ((await cpuSecondsOf(pid)) - before) / took
}

async function ask(server: NameServer, questions: string, seconds: number) {
  const { stdout } = await run('dnsperf', [
    ...['-s', '127.0.0.1', '-p', String(server.port), '-d', questions, '-l', String(seconds)],
    ...['-c', '8', '-T', '1', '-t', '1'],
  ])
  const figure = (label: string): number =>
    Number(new RegExp(`${label}:\\s+([\\d.]+)`).exec(stdout)?.[1] ?? 0)
  return {
    completed: figure('Queries completed'),
    lost: figure('Queries lost'),
    perSecond: Math.round(figure('Queries per second')),
  }
}

function rowsOf(
  figures: ReadonlyMap<string, readonly Figures[]>,
  [ours, ...peers]: readonly NameServer[],
): readonly Measured[] {
  const of = (server: NameServer | undefined) => figures.get(server?.name ?? '') ?? []
  const rows = (peer: NameServer | null): readonly Measured[] => {
    const row = (what: string, unit: string, pick: (one: Figures) => number): Measured => ({
      ...{ id: 'P7', what, unit, ours: of(ours).map(pick) },
      peer: peer === null ? null : of(peer).map(pick),
      peerName: peer?.name ?? '',
    })
    return [
      row(`DNS answers, ${HOSTS} hosts`, '1/s', ({ perSecond }) => perSecond),
      row('CPU of the server per query', 'µs', ({ cpuMicros }) => cpuMicros),
    ]
  }
  return peers.length === 0 ? rows(null) : peers.flatMap(rows)
}
