// P12 and D1: memory and start-up of a region and a rack with much in them, DNS on: 10,000 machines with 100,000 leases,
// and 1,000,000 DNS names with 100,000 leases. The rows are made in a process of its own and come in by `region restore`; then
// the region is stopped and started cold.
import { execFile, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { makeIpv4 } from '#model/ipv4.ts'
import { Pace } from '#node/pace.ts'
import { encodeCut } from '#node/snapshots.ts'
import { systemClock } from '#platform/system.ts'
import { apply } from '#state/apply.ts'
import type { Command } from '#state/command.ts'
import { takeCut } from '#state/cut.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { encodeBackup } from '#storage/backup-file.ts'
import type { BenchOptions, Measured } from './main.ts'
import { cpuSecondsOf } from './process-cost.ts'

const run = promisify(execFile)
const LAUNCH = join(import.meta.dirname, '..', 'launch.cjs')
const MAIN = join(import.meta.dirname, '..', 'main.ts')
const PORTS = { api: 15_640, peer: 15_650, region: 15_660, rack: 15_661, http: 15_662 } as const
const READY_MS = 400_000
/** After it answers: what the start left behind is collected by then. */
const SETTLE_MS = 5_000

type Content = { readonly machines: number; readonly leases: number; readonly names: number }

const CONTENTS: readonly (readonly [string, string, Content])[] = [
  ['P12', '10,000 machines, 100,000 leases', { machines: 10_000, leases: 100_000, names: 1 }],
  ['D1', '1,000,000 names, 100,000 leases', { machines: 0, leases: 100_000, names: 1_000_000 }],
]

export async function measureFootprint(options: BenchOptions): Promise<readonly Measured[]> {
  const rows: Measured[] = []
  for (const [id, what, content] of CONTENTS) {
    if (options.only.has(id)) rows.push(...(await measureOne(options, { id, what, content })))
  }
  return rows
}

async function measureOne(
  options: BenchOptions,
  { id, what, content }: { readonly id: string; readonly what: string; readonly content: Content },
): Promise<readonly Measured[]> {
  const directory = join(options.directory, `footprint-${id}`)
  await mkdir(directory, { recursive: true })
  const backup = join(directory, 'backup')
  options.say(`${id}: making ${what}`)
  await run(process.execPath, [import.meta.filename, backup, JSON.stringify(content)])
  const made = join(directory, 'region')
  const restoring = [LAUNCH, 'region', 'restore', backup, '--dir', made, '--detach', '--json']
  const ports = ['--api-port', String(PORTS.api), '--peer-port', String(PORTS.peer)]
  // It gives up on a start of more than a minute, which a busy host may need; what it made is there all the same.
  await run(process.execPath, [...restoring, '--accept-duplicate-addresses', ...ports]).catch(
    () => {
      options.say(`${id}: the restored region did not start within its minute`)
    },
  )
  await run(process.execPath, [LAUNCH, 'region', 'stop', '--dir', made]).catch(() => {})
  const { rackToken: token = '' } = JSON.parse(
    await readFile(join(made, 'bootstrap.json'), 'utf8'),
  ) as { readonly rackToken?: string }
  const region = start(['region', 'run', '--dir', join(made, 'node-1')], PORTS.region)
  try {
    const regionSeconds = await answers(PORTS.region, content)
    const regionCpu = await cpuSecondsOf(region.pid)
    const regionMb = await settled(region.pid)
    const rackPorts = ['--http-port', String(PORTS.http), '--tftp-port', String(PORTS.http + 1)]
    const rackDirectory = ['--token', token, '--dir', join(directory, 'rack')]
    const rack = start(['rack', 'start', ...rackDirectory, ...rackPorts], PORTS.rack)
    try {
      const rackSeconds = await answers(PORTS.rack, content)
      const rackCpu = await cpuSecondsOf(rack.pid)
      const rackMb = await settled(rack.pid)
      const load = loadavg()[0]?.toFixed(0)
      const ofRegion = `${regionSeconds} s, ${regionCpu} s of CPU, ${regionMb} MB`
      const figures = `${ofRegion}; rack ${rackSeconds} s, ${rackCpu} s of CPU, ${rackMb} MB`
      options.say(`${id}: region ${figures}, load ${load}`)
      const row = (text: string, unit: string, value: number): Measured => ({
        ...{ id, what: `${what}: ${text}`, unit, ours: [value], peer: null, peerName: '' },
      })
      return [
        row('cold start of a region until it answers', 's', regionSeconds),
        row('CPU of that start, all threads', 's', regionCpu),
        row('region, resident', 'MB', regionMb),
        row('first start of a rack until it answers', 's', rackSeconds),
        row('CPU of that start, all threads', 's', rackCpu),
        row('rack, resident', 'MB', rackMb),
      ]
    } finally {
      rack.kill()
    }
  } finally {
    region.kill()
  }
}

function start(args: readonly string[], dnsPort: number): { pid: number; kill: () => void } {
  const dns = ['--dns', `127.0.0.1:${dnsPort}`]
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, ...args, ...dns],
    { stdio: 'ignore' },
  )
  return { pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') }
}

/** Seconds until the last name is there by DNS. */
async function answers(port: number, { names }: Content): Promise<number> {
  const began = performance.now()
  const dig = ['@127.0.0.1', '-p', String(port), `name${names - 1}.maas`, '+short', '+time=1']
  while (performance.now() - began < READY_MS) {
    const { stdout } = await run('dig', [...dig, '+tries=1']).catch(() => ({ stdout: '' }))
    if (/^\d+\.\d+\.\d+\.\d+$/m.test(stdout)) {
      return Math.round((performance.now() - began) / 100) / 10
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no answer on port ${port}`)
}

async function settled(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024)
}

/** What the commands that make it would have left; the many rows are put in as they are. */
function filled({ machines, leases, names }: Content): RegionState {
  const state = emptyState()
  const wall = 1_700_000_000_000
  let [index, sequence] = [0, 1]
  const send = (command: Command): void => {
    const actor = { kind: 'system', userId: null, username: '', remoteAddress: '', requestId: '' }
    const isBare = command.type === 'cluster.initialise' || command.type === 'session.open'
    const request = isBare ? null : { session: 's', sequence, answeredBelow: sequence }
    if (!isBare) sequence++
    const envelope = { version: 1, request, wall, actor, idempotency: null, command } as const
    index++
    const { outcome } = apply(state, envelope as never, { index, stamp: index })
    state.journal.take()
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.message}`)
  }
  for (const command of firstCommands()) send(command)
  for (let i = 0; i < machines; i++) send(machine(i))
  const [first] = state.dnsResources.values()
  for (let id = 2; id <= names; id++) {
    const ip = makeIpv4(0x0b000000 + id)
    const names = { id, domainId: first?.domainId ?? 0, name: `name${id - 1}`, addressTtl: null }
    state.load('dnsResources', id as never, { ...names, addresses: [ip], reserved: [] } as never)
  }
  for (let i = 0; i < leases; i++) {
    const ip = makeIpv4(0x0a000000 + 256 + i)
    const mac = macOf(i)
    const hold = {
      ...{ ip, client: `1-${mac.replaceAll(':', '')}`, mac, hostname: `client-${i}` },
      ...{ rackId: 'rack01', boundAt: index, until: 1e12, leaseSeconds: 600, released: false },
      boundWall: wall,
    }
    state.load('holds', ip, hold as never)
  }
  return state
}

function firstCommands(): readonly Command[] {
  const admin = { username: 'admin', email: '', isSuperuser: true, passwordHash: 'x' }
  const apiKey = { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' }
  const initialise = { type: 'cluster.initialise', clusterId: 'bench', admin, apiKey }
  const address = makeIpv4(0x0b000001)
  const name = { type: 'dnsResource.create', userId: 1, domainId: 0, name: 'name0' }
  return [
    { ...initialise, joinTokenDigest: 'd' } as never,
    { type: 'session.open', id: 's', nodeId: 'a', incarnation: 1 } as never,
    { ...name, addressTtl: null, addresses: [address] } as never,
  ]
}

function machine(i: number): Command {
  const nic = { name: 'ens3', linkConnected: true, linkSpeedMbps: 1_000, vendor: null }
  return {
    ...{
      type: 'machine.create',
      systemId: (36 ** 5 + i).toString(36),
      hostname: `machine-${i}`,
    },
    ...{ description: '', architecture: 'amd64/generic', powerType: 'ipmi', powerState: 'off' },
    powerParameters: { power_address: '192.0.2.1', power_user: 'admin', power_pass: 'secret' },
    interfaces: [{ ...nic, product: null, mac: macOf(i), ip: null }],
    ...{ blockDevices: [], hardware: null, hardwareUuid: null, cpuCount: 8, cpuSpeedMhz: 2_400 },
    ...{ memoryMib: 65_536, biosBootMethod: 'uefi' },
  } as never
}

function macOf(i: number): string {
  const hex = i.toString(16).padStart(6, '0')
  return `52:54:00:${hex.replace(/(..)(..)(..)/, '$1:$2:$3')}`
}

if (import.meta.main) {
  const [file = '', content = ''] = process.argv.slice(2)
  const state = filled(JSON.parse(content) as Content)
  const cut = takeCut(state)
  const { revision, stamp } = cut
  const header = {
    ...{ clusterId: 'bench', revision, stamp, featureLevel: state.featureLevel },
    ...{ createdWall: systemClock.wallMs(), productVersion: 'bench' },
  }
  const chunks = encodeCut(cut, new Pace(systemClock, 50))
  await pipeline(Readable.from(encodeBackup(header, chunks)), createWriteStream(file))
}
