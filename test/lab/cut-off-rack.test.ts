// A rack that lost every region goes on by its own rights (lease-protocol §4), with real clients on a real
// segment: who has an address keeps it, who is new gets one of the reserve, and when the regions are back they
// hold what was promised meanwhile.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../process/support/cluster.ts'
import { command, endProcess } from './support/process.ts'
import { Room } from './support/room.ts'
import { serveDhcp } from './support/site.ts'

t.setTimeout(240_000)

const RACK = '10.77.0.2'
const REGIONS = '10.77.0.1/32'
/** What a client's own script does with an address, and a line for us. */
const SCRIPT = `#!/bin/sh
case "$1" in
  bound|renew)
    ip address replace "$ip/$mask" dev "$interface"
    echo "$1 $ip $lease" >>"$0.log" ;;
  *) echo "$1" >>"$0.log" ;;
esac
`

/** A client that stays, with its address on its interface: SIGUSR1 makes it renew. */
class StayingClient {
  readonly #script: string
  readonly process: ChildProcess

  private constructor(script: string, process: ChildProcess) {
    this.#script = script
    this.process = process
  }

  static async start(room: Room, host: string): Promise<StayingClient> {
    const script = join(room.directory, 'udhcpc-script')
    await writeFile(script, SCRIPT, { mode: 0o755 })
    const args = ['netns', 'exec', host, 'udhcpc', '-i', 'eth0', '-f', '-t', '6', '-T', '1']
    const child = spawn('ip', [...args, '-s', script], { stdio: 'ignore' })
    return new StayingClient(script, child)
  }

  /** `event ip seconds` of each time it was given something. */
  async events(): Promise<readonly string[]> {
    const text = await readFile(`${this.#script}.log`, 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line.startsWith('bound') || line.startsWith('renew'))
  }
}

/** One run of Debian's udhcpc to its end; the address it was given. */
async function address(host: string): Promise<string> {
  return eventually(`a lease for ${host}`, 40, async () => {
    const args = ['netns', 'exec', host, 'udhcpc', '-i', 'eth0', '-n', '-q', '-f']
    const { stderr } = await command('ip', [...args, '-t', '6', '-T', '1', '-s', '/bin/true'])
    return /lease of ([\d.]+) obtained/.exec(stderr)?.[1]
  })
}

t.test('a rack without any region keeps its clients and takes new ones', async (t) => {
  const room = await Room.make()
  t.teardown(() => room.remove())
  const cluster = await room.bootstrap()
  const urls = cluster.nodes.map((node) => node.api_url).join(',')
  await room.ironraft('login', 'lab', urls, cluster.admin.api_key)
  const rackHost = await room.addHost('r1')
  await command('ip', ['-n', rackHost, 'address', 'add', `${RACK}/24`, 'dev', 'eth0'])
  await command('ip', ['-n', rackHost, 'link', 'set', 'lo', 'up'])
  room.startRack(cluster.rack_token, 'rack-1', rackHost)
  await serveDhcp(room, 1)
  const has = async (what: string, wanted: Readonly<Record<string, number>>) => {
    let last: ReadonlyMap<string, number> = new Map()
    // Counters may go further: clients repeat themselves on a busy host.
    const isReached = (name: string, value: number): boolean =>
      name.includes('_total') ? (last.get(name) ?? 0) >= value : last.get(name) === value
    const isSo = async () => {
      last = await room.metrics(`http://${RACK}:5248`, rackHost)
      return Object.entries(wanted).every(([name, value]) => isReached(name, value)) || undefined
    }
    await eventually(what, 40, isSo).catch((error: unknown) => {
      const seen = Object.keys(wanted).map((name) => `${name} ${last.get(name)}`)
      throw new Error(seen.join(', '), { cause: error })
    })
  }
  const [hostA, hostB, hostC] = await Promise.all(['a', 'b', 'c'].map((name) => room.addHost(name)))
  const client = await StayingClient.start(room, hostA ?? '')
  t.teardown(() => endProcess(client.process))
  const [first = ''] = await eventually('the first client is bound', 40, async () => {
    const events = await client.events()
    return events.length > 0 ? events : undefined
  })
  const [event, kept] = first.split(' ')
  t.equal(event, 'bound')
  await has('a tenure and a reserve', {
    ironraft_rack_offline_rights: 1,
    'ironraft_rack_reserve_addresses{state="unused"}': 4,
  })

  await command('ip', ['-n', rackHost, 'route', 'add', 'blackhole', REGIONS])
  await has('no region in sight', { ironraft_rack_connected: 0, ironraft_rack_offline: 1 })
  process.kill(client.process.pid ?? 0, 'SIGUSR1')
  await eventually('a renewal without regions', 20, async () => {
    const [, second] = await client.events()
    return second === undefined ? undefined : t.match(second, new RegExp(`^renew ${kept} `))
  })
  const given = await address(hostB ?? '')
  t.match(given, /^10\.77\.0\.1\d\d$/)
  t.not(given, kept, 'a new client gets another address')
  t.equal(await address(hostB ?? ''), given, 'and the same one again')
  await has('both rights were used', {
    'ironraft_rack_offline_acks_total{right="hold"}': 1,
    ironraft_rack_journal_unreplayed: 1,
  })

  await command('ip', ['-n', rackHost, 'route', 'del', 'blackhole', REGIONS])
  await has('a region in sight, and all is told', {
    ironraft_rack_connected: 1,
    ironraft_rack_journal_unreplayed: 0,
    'ironraft_rack_replays_total{result="bound"}': 1,
    'ironraft_rack_reserve_addresses{state="bound"}': 0,
  })
  const held = await eventually('the regions hold it', 30, async () => {
    const all = await Promise.all(cluster.nodes.map((node) => room.metrics(node.api_url)))
    const counts = all.map((one) => one.get('ironraft_pool_addresses{state="held"}'))
    return counts.every((count) => count === 2) ? counts : undefined
  })
  t.equal(held.length, 3, 'the kept and the new one, on every region')
  t.equal(await address(hostB ?? ''), given, 'through a region now')
  const third = await address(hostC ?? '')
  t.equal(new Set([kept, given, third]).size, 3, 'no address twice')
})
