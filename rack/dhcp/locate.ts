// Where a client is and whether this rack serves it there: subnet by link selection (82.5, RFC 3527),
// subnet selection (118, RFC 3011), giaddr, else the receiving interface (RFC 2131 §4.3.1). Pure.
import type { SystemId, VlanId } from '#model/ids.ts'
import { contains, type Ipv4, ipv4FromBytes } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { racksOf, type Ipv4Subnet } from '#model/network.ts'
import { OPTION, RELAY_OPTION, readIpv4, readSubOptions } from './options.ts'
import type { DhcpPacket } from './packet.ts'
import type { Pool, ViewIndex } from './view-index.ts'

/** One network interface of this rack. */
export type DhcpLink = {
  readonly name: string
  /** Changes when an interface is deleted and made again under the same name. */
  readonly interfaceIndex: number
  readonly mac: MacAddress
  readonly addresses: readonly { readonly ip: Ipv4; readonly prefix: number }[]
  /** The VLAN the region knows the interface to be on; null when not known. */
  readonly vlanId: VlanId | null
}

/** How a datagram came in. */
export type Arrival = {
  readonly link: DhcpLink
  readonly sourcePort: number
  /** Destination address of the datagram; undefined when the socket cannot tell. */
  readonly destination: Ipv4 | undefined
  /** Monotonic, read after the datagram was received. */
  readonly receivedAtMs: number
}

export type Place = {
  /** Addresses that may be given here; narrowed to `subnet` when the relay or client chose one. */
  readonly pool: Pool
  /** Chosen by an option, giaddr or ciaddr; undefined: any subnet of the receiving link. */
  readonly subnet: Ipv4Subnet | undefined
  /** 0: this rack answers at once; n: n racks of the VLAN come before it. */
  readonly rank: number
  /** Port of the relay; meaningless without giaddr. */
  readonly relayPort: number
  /** RFC 5107: the relay wants to be the server the client sees. */
  readonly serverIdOverride: Ipv4 | undefined
}

export type Located =
  | { readonly ok: true; readonly place: Place }
  | { readonly ok: false; readonly reason: 'no_subnet' | 'dhcp_off' | 'not_our_vlan' }

const DHCP_SERVER_PORT = 67

export function locate(options: {
  readonly packet: DhcpPacket
  readonly arrival: Arrival
  readonly index: ViewIndex
  readonly rackId: SystemId
}): Located {
  const { packet, arrival, index, rackId } = options
  const relay = readRelayOptions(packet)
  const chosen = chosenAddress(packet, arrival, relay)
  const subnet = chosen === undefined ? undefined : index.subnetOf(chosen.ip)
  // RFC 3011: a selected subnet that is not known here must not be replaced by another one.
  if (chosen !== undefined && subnet === undefined) return { ok: false, reason: 'no_subnet' }
  const vlanId = subnet === undefined ? arrival.link.vlanId : subnet.vlanId
  const pool = vlanId === null ? undefined : index.pools.get(vlanId)
  if (pool === undefined) return { ok: false, reason: vlanId === null ? 'no_subnet' : 'dhcp_off' }
  const rank = rankOf(pool, rackId)
  if (rank === undefined) return { ok: false, reason: 'not_our_vlan' }
  const place: Place = {
    pool: subnet !== undefined && chosen?.isExact === true ? narrow(pool, subnet) : pool,
    subnet,
    rank,
    relayPort: relay.has(RELAY_OPTION.RELAY_SOURCE_PORT) ? arrival.sourcePort : DHCP_SERVER_PORT,
    serverIdOverride: addressIn(relay, RELAY_OPTION.SERVER_IDENTIFIER_OVERRIDE),
  }
  return { ok: true, place }
}

/** Only a relay's word counts: without giaddr option 82 was put in by a switch or by the client. */
function readRelayOptions(packet: DhcpPacket): ReadonlyMap<number, Uint8Array> {
  const value = packet.giaddr === 0 ? undefined : packet.options.get(OPTION.RELAY_AGENT_INFORMATION)
  return (value === undefined ? undefined : readSubOptions(value)) ?? new Map()
}

type Chosen = { readonly ip: Ipv4; readonly isExact: boolean }

function chosenAddress(
  packet: DhcpPacket,
  arrival: Arrival,
  relay: ReadonlyMap<number, Uint8Array>,
): Chosen | undefined {
  const selected =
    addressIn(relay, RELAY_OPTION.LINK_SELECTION) ??
    readIpv4(packet.options, OPTION.SUBNET_SELECTION)
  if (selected !== undefined) return { ip: selected, isExact: true }
  if (packet.giaddr !== 0) return { ip: packet.giaddr, isExact: false }
  // A client that has an address and sends to ours may be behind a router: the link says nothing then.
  if (packet.ciaddr !== 0 && !isBroadcast(arrival)) return { ip: packet.ciaddr, isExact: false }
  return undefined
}

export function isBroadcast(arrival: Arrival): boolean {
  const { destination, link } = arrival
  if (destination === undefined) return false
  return !link.addresses.some((one) => one.ip === destination)
}

function addressIn(options: ReadonlyMap<number, Uint8Array>, code: number): Ipv4 | undefined {
  const value = options.get(code)
  return value?.length === 4 ? ipv4FromBytes(value, 0) : undefined
}

/** Racks in their order: those the regions see alive, else the configured ones. */
function rankOf(pool: Pool, rackId: SystemId): number | undefined {
  const { liveRacks } = pool.servingVlan
  const live = liveRacks.indexOf(rackId)
  if (live >= 0) return live
  // The regions may not have seen us yet, or lost us a moment ago: step in only after the others.
  const rank = racksOf(pool.servingVlan).indexOf(rackId)
  return rank < 0 ? undefined : Math.max(rank, liveRacks.length)
}

function narrow(pool: Pool, subnet: Ipv4Subnet): Pool {
  const ranges: Pool['ranges'][number][] = []
  let size = 0
  for (const range of pool.ranges) {
    if (range.subnet.id !== subnet.id) continue
    ranges.push({ ...range, offset: size })
    size += range.end - range.start + 1
  }
  return { ...pool, subnets: [subnet], ranges, size }
}

/** The rack's own address to name as server for a client of `subnet`. */
export function serverAddressOf(link: DhcpLink, subnet: Ipv4Subnet | undefined): Ipv4 | undefined {
  const inside =
    subnet === undefined ? undefined : link.addresses.find((one) => contains(subnet.cidr, one.ip))
  return (inside ?? link.addresses[0])?.ip
}
