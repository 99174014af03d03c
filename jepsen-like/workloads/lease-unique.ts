// `lease-unique`: real DHCP clients (Debian's udhcpc) on one segment with two racks, both allowed to answer. A client
// holds what it was given for as long as it was told, by its own clock, whatever the racks and regions think by
// then; no address may be held by two of them at once.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { checkLeases } from '../checkers/leases.ts'
import { missingForOwnNetwork, Segment, setMac } from '../own-network.ts'
import type { Client } from '../../tools/client.ts'
import { eventually, pause } from '../waiting.ts'
import { makeClient, Worker } from '../worker.ts'
import type { Run, Workload, WorkloadContext } from '../workload.ts'

const run = promisify(execFile)
const RACK_ADDRESSES = ['10.203.0.2/24', '10.203.0.3/24']
const CIDR = '10.203.0.0/24'
const RANGE = { start_ip: '10.203.0.100', end_ip: '10.203.0.179' }
const HOSTS = 3
/** Different clients that each host plays, one after the other. */
const CLIENTS_PER_HOST = 12
const PAUSE_MS = 300
const LEASE_SECONDS = 30
const EXCHANGE_MS = 15_000
const SETUP_MS = 40_000

type Rack = { readonly system_id: string }
type Subnet = { readonly cidr: string; readonly vlan: { readonly id: number } }

let segment: Segment | null = null

export const LEASE_UNIQUE: Workload = {
  name: 'lease-unique',
  summary: 'udhcpc clients and two racks on one segment; no address held by two clients at once',
  racks: RACK_ADDRESSES.length,
  ownNetwork: () => {
    segment ??= new Segment(RACK_ADDRESSES)
    return RACK_ADDRESSES.map((_, at) => `rack${at + 1}`)
  },
  missing: missingForOwnNetwork,
  prepare: async (context) => {
    const client = makeClient(
      context.nodes.map(({ clientUrl }) => clientUrl),
      context.apiKey,
    )
    await serveDhcp(client, context.broken)
    if (segment === null) throw new Error('there is no segment')
    const made = segment
    return makeRun(
      context,
      Array.from({ length: HOSTS }, () => made.addHost()),
    )
  },
  check: (operations) => checkLeases(operations),
}

/** As an operator does it: wait for the racks, give their subnet a range, turn DHCP on. */
async function serveDhcp(client: Client, stopped: AbortSignal): Promise<void> {
  const racks = await expected('two racks', stopped, async () => {
    const listed = await client.get<readonly Rack[]>('/MAAS/api/2.0/rackcontrollers/')
    return listed.length === RACK_ADDRESSES.length ? listed : undefined
  })
  const subnet = await expected('the subnet of the racks', stopped, async () => {
    const listed = await client.get<readonly Subnet[]>('/MAAS/api/2.0/subnets/')
    return listed.find(({ cidr }) => cidr === CIDR)
  })
  const form = { name: 'dhcp_lease_seconds', value: LEASE_SECONDS }
  // Answered with OK, which is no JSON.
  await client.send({ method: 'POST', path: '/MAAS/api/2.0/maas/?op=set_config', form })
  await client.post('/MAAS/api/2.0/ipranges/', { type: 'dynamic', ...RANGE })
  await client.put(`/MAAS/api/2.0/vlans/${subnet.vlan.id}/`, {
    ...{ dhcp_on: true, primary_rack: racks[0]?.system_id, secondary_rack: racks[1]?.system_id },
  })
}

async function expected<T>(
  what: string,
  stopped: AbortSignal,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const found = await eventually(SETUP_MS, stopped, probe)
  if (found === undefined) throw new Error(`not within ${SETUP_MS / 1_000} s: ${what}`)
  return found
}

function makeRun({ history, random, broken }: WorkloadContext, hosts: readonly number[]): Run {
  const exchange = async (worker: Worker, pid: number, mac: string): Promise<void> => {
    await setMac(pid, mac)
    await worker.perform({
      ...{ f: 'lease', key: null, input: { mac }, readOnly: true },
      run: () => askForLease(pid, broken),
    })
  }
  const macOf = (host: number, client: number): string => `52:54:00:c4:${hex(host)}:${hex(client)}`
  const play = async (host: number, stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, host)
    while (!stopped.aborted && !history.isFull) {
      await exchange(worker, hosts[host] ?? 0, macOf(host, random.integer(CLIENTS_PER_HOST)))
      await pause(random.integer(PAUSE_MS * 2), stopped)
    }
  }
  return {
    work: async (stopped) => {
      await Promise.all(hosts.map((_, host) => play(host, stopped)))
    },
    finish: async () => {
      for (const [host, pid] of hosts.entries()) {
        await exchange(new Worker(history, host + HOSTS), pid, macOf(host, CLIENTS_PER_HOST))
      }
      segment?.close()
    },
  }
}

/** One run of udhcpc to its end: DISCOVER, REQUEST, and what it was told. Rejects when nobody gave it one. */
async function askForLease(
  pid: number,
  signal: AbortSignal,
): Promise<{ readonly ip: string; readonly seconds: number }> {
  const { stdout, stderr } = await run(
    'nsenter',
    [
      ...[`--net=/proc/${pid}/ns/net`, 'udhcpc', '-i', 'eth0', '-n', '-q', '-f'],
      ...['-t', '4', '-T', '1', '-s', '/bin/true'],
    ],
    { timeout: EXCHANGE_MS, signal },
  )
  const told = /lease of ([\d.]+) obtained.*lease time (\d+)/.exec(`${stdout}${stderr}`)
  if (told === null) throw new Error('udhcpc ended without a lease')
  return { ip: told[1] ?? '', seconds: Number(told[2]) }
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0')
}
