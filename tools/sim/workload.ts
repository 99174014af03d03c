// What the simulated clients want: registers written and read, events recorded, addresses leased by DHCP
// clients with clocks of their own, and addresses reserved by the API. Every write leaves its id in a row.
import { parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { SystemId, UserId } from '#model/ids.ts'
import { type MacAddress, parseMac } from '#model/mac-address.ts'
import type { CommandOf } from '#state/command.ts'
import { type Ended, type Request, settingName } from './operation.ts'
import type { SeededRandom } from './seeded-random.ts'

export type Wanted = {
  readonly id: string
  readonly request: Request
  readonly done: (ended: Ended, nowUs: number) => void
}

export type Workload = {
  /** The next wish of a client; null when it has none now. */
  readonly next: (client: number, nowUs: number) => Wanted | null
}

const KEYS = ['k0', 'k1', 'k2', 'k3']
/** More DHCP clients than addresses: the pool is near its end, where holds are shortest (§6). */
const DHCP_CLIENTS_EACH = 4
const POOL_START = parseIpv4('10.0.0.100') ?? (0 as Ipv4)
const POOL_SIZE = 10

type DhcpClient = {
  readonly mac: MacAddress
  lease: { readonly ip: Ipv4; readonly endsUs: number } | null
}

export function makeWorkload(random: SeededRandom, rackId: SystemId): Workload {
  const dhcp = new Map<number, readonly DhcpClient[]>()
  const reserved: Ipv4[] = []
  let count = 0

  const write = (client: number): Wanted => {
    const id = `op${client}-${++count}`
    const name = settingName(random.pick(KEYS))
    return wish(id, { type: 'setting.put', name, value: id })
  }
  const event = (client: number): Wanted => {
    const id = `op${client}-${++count}`
    const fixed = { systemId: null, username: '', level: 'INFO' as const, eventType: 'simulated' }
    return wish(id, { type: 'event.record', ...fixed, description: id })
  }
  const read = (client: number): Wanted => ({
    id: `op${client}-${++count}`,
    request: { kind: 'read', key: random.pick(KEYS) },
    done: () => {},
  })
  const reserve = (client: number): Wanted => {
    const id = `op${client}-${++count}`
    const userId = 1 as UserId
    const old = random.chance(40) ? reserved.pop() : undefined
    if (old !== undefined)
      return wish(id, { type: 'address.release', ip: old, userId, force: false })
    const ip = random.chance(50) ? null : (((POOL_START + 20 + random.integer(4)) >>> 0) as Ipv4)
    const fixed = { subnetId: 1 as never, userId, mac: null }
    return wish(id, { type: 'address.reserve', ip, hostname: id, ...fixed }, (ended) => {
      if (ended.result === 'ok') reserved.push((ended.value as { ip: Ipv4 }).ip)
    })
  }
  const lease = (client: number, nowUs: number): Wanted => {
    const clients = dhcp.get(client) ?? makeDhcpClients(client)
    dhcp.set(client, clients)
    return leaseWish(random, {
      id: `op${client}-${++count}`,
      of: random.pick(clients),
      rackId,
      nowUs,
    })
  }
  return {
    next: (client, nowUs) => {
      const dice = random.integer(100)
      if (dice < 22) return write(client)
      if (dice < 32) return event(client)
      if (dice < 55) return read(client)
      return dice < 90 ? lease(client, nowUs) : reserve(client)
    },
  }
}

function wish(
  id: string,
  command: Extract<Request, { kind: 'write' }>['command'],
  done: Wanted['done'] = () => {},
): Wanted {
  return { id, request: { kind: 'write', command }, done }
}

function makeDhcpClients(client: number): readonly DhcpClient[] {
  return Array.from({ length: DHCP_CLIENTS_EACH }, (_, i) => {
    const number = client * 16 + i
    const mac = parseMac(`5254000000${number.toString(16).padStart(2, '0')}`)
    if (mac === undefined) throw new Error('a MAC address')
    return { mac, lease: null }
  })
}

/** A client renews what it has, gives it back, finds it in use, or asks for one of the pool. */
function leaseWish(
  random: SeededRandom,
  options: {
    readonly id: string
    readonly of: DhcpClient
    readonly rackId: SystemId
    readonly nowUs: number
  },
): Wanted {
  const { id, of, rackId, nowUs } = options
  const { mac, lease } = of
  const client = `1-${mac}`
  const held = lease !== null && lease.endsUs > nowUs ? lease : null
  if (held !== null && random.chance(15)) {
    of.lease = null
    return wish(id, { type: 'lease.release', client, ip: held.ip })
  }
  if (held !== null && random.chance(5)) {
    of.lease = null
    return wish(id, { type: 'lease.decline', client, mac, ip: held.ip })
  }
  const any = ((POOL_START + random.integer(POOL_SIZE)) >>> 0) as Ipv4
  const kind =
    held === null ? 'selecting' : random.pick(['renewing', 'rebinding', 'initReboot'] as const)
  const command: CommandOf<'lease.bind'> = {
    ...{ type: 'lease.bind', rackId, client, mac, hostname: id },
    ...{ ip: held?.ip ?? any, kind, leaseSeconds: random.pick([2, 10, 40]) },
  }
  return wish(id, command, (ended, endedUs) => {
    if (ended.result === 'unknown') return
    if (ended.result === 'refused') {
      of.lease = null
      return
    }
    const { ip, leaseSeconds } = ended.value as { ip: Ipv4; leaseSeconds: number }
    of.lease = { ip, endsUs: endedUs + leaseSeconds * 1_000_000 }
  })
}
