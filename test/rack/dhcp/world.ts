// A small network for DHCP tests: a view with one VLAN, packets as clients send them, an arrival on the
// rack's link. Times are the fake clock's.
import type { DhcpOption } from '#model/dhcp-option.ts'
import type { SystemId, VlanId } from '#model/ids.ts'
import { makeIpv4, parseCidr, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import { macToBytes, parseMac, type MacAddress } from '#model/mac-address.ts'
import type { Hold, Subnet } from '#model/network.ts'
import type { Labels, Logger, Metrics } from '#model/ports.ts'
import type { RackSettings, RackSnippet, RackVlan, ViewChange } from '#protocol/rack.ts'
import { type DecideContext, decide } from '#rack/dhcp/decide.ts'
import { encodePacket, type OptionToWrite } from '#rack/dhcp/encode.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import type { Arrival, DhcpLink } from '#rack/dhcp/locate.ts'
import { Offers } from '#rack/dhcp/offers.ts'
import { OPTION, ipv4Bytes } from '#rack/dhcp/options.ts'
import type { DhcpPacket, MessageName } from '#rack/dhcp/packet.ts'
import { ViewIndex } from '#rack/dhcp/view-index.ts'
import { WaitingClients } from '#rack/dhcp/waiting-clients.ts'
import { RackView } from '#rack/view.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

export const ip = (text: string): Ipv4 => {
  const address = parseIpv4(text)
  if (address === undefined) throw new Error(`no address: ${text}`)
  return address
}
export const mac = (text: string): MacAddress => {
  const address = parseMac(text)
  if (address === undefined) throw new Error(`no MAC address: ${text}`)
  return address
}

export const RACK = 'rack44' as SystemId
export const OTHER_RACK = 'rack88' as SystemId
export const VLAN = 5001 as VlanId
export const CLIENT = mac('52:54:00:00:00:01')
export const OTHER_CLIENT = mac('52:54:00:00:00:02')
export const keyOf = (address: MacAddress): string => `1-${address.replaceAll(':', '')}`

export const link: DhcpLink = {
  name: 'eth0',
  interfaceIndex: 3,
  mac: mac('52:54:00:ff:ff:01'),
  addresses: [{ ip: ip('192.0.2.1'), prefix: 24 }],
  vlanId: VLAN,
}

export const vlan = (changes: Partial<RackVlan> = {}): RackVlan =>
  ({
    id: VLAN,
    fabricId: 1,
    name: 'untagged',
    vid: 0,
    mtu: 1500,
    description: '',
    spaceId: null,
    dhcpOn: true,
    primaryRack: RACK,
    secondaryRack: OTHER_RACK,
    relayVlanId: null,
    externalDhcp: null,
    liveRacks: [RACK, OTHER_RACK],
    interfaceNames: ['eth0'],
    ...changes,
  }) as RackVlan

export const subnet = (changes: Partial<Subnet> & { readonly network?: string } = {}): Subnet => {
  const { network = '192.0.2.0/24', ...rest } = changes
  return {
    id: 1,
    name: network,
    description: '',
    vlanId: VLAN,
    cidr: parseCidr(network),
    gatewayIp: ip('192.0.2.254'),
    dnsServers: ['192.0.2.53', '2001:db8::53'],
    rdnsMode: 2,
    activeDiscovery: false,
    allowDns: true,
    allowProxy: true,
    managed: true,
    disabledBootArchitectures: [],
    ...rest,
  } as Subnet
}

export const settings: RackSettings = {
  clusterId: 'test',
  regionPeers: [],
  regionApis: [],
  leaseSeconds: 600,
  firmwareLeaseSeconds: 30,
  domainName: 'maas.example.org',
  answerRouterSolicitations: false,
  featureLevel: 3,
}

export const hold = (address: string, changes: Partial<Hold> = {}): Hold => ({
  ip: ip(address),
  client: keyOf(CLIENT),
  mac: CLIENT,
  until: 1_000_000,
  boundAt: 1_000,
  leaseSeconds: 600,
  boundWall: 0,
  released: false,
  hostname: '',
  rackId: RACK,
  ...changes,
})

export type WorldOptions = {
  readonly vlans?: readonly RackVlan[]
  readonly subnets?: readonly Subnet[]
  /** `[subnet id, first, last]` */
  readonly ranges?: readonly (readonly [number, string, string])[]
  readonly holds?: readonly Hold[]
  readonly allocated?: readonly string[]
  /** Addresses of links. */
  readonly linked?: readonly { readonly ip: string; readonly mac: MacAddress }[]
  readonly quarantined?: readonly string[]
  readonly machines?: readonly { readonly mac: MacAddress; readonly hostname: string }[]
  readonly stamp?: number
  readonly options?: readonly DhcpOption[]
  readonly snippets?: readonly RackSnippet[]
}

const row = (table: string, key: string | number, value: unknown): ViewChange =>
  ({ table, key, row: value }) as ViewChange

export function rowsOf(options: WorldOptions): readonly ViewChange[] {
  const ranges = options.ranges ?? [[1, '192.0.2.100', '192.0.2.199']]
  return [
    row('settings', 'rack', settings),
    ...(options.vlans ?? [vlan()]).map((each) => row('vlans', each.id, each)),
    ...(options.subnets ?? [subnet()]).map((each) => row('subnets', each.id, each)),
    ...ranges.map(([subnetId, start, end], i) =>
      row('ipRanges', i, { id: i, type: 'dynamic', subnetId, start: ip(start), end: ip(end) }),
    ),
    ...(options.holds ?? []).map((each) => row('holds', each.ip, each)),
    ...(options.allocated ?? []).map((each) => row('ipAddresses', ip(each), { ip: ip(each) })),
    ...(options.linked ?? []).map((each, i) =>
      row('ipAddresses', ip(each.ip), { ip: ip(each.ip), mac: each.mac, interfaceId: i }),
    ),
    ...(options.quarantined ?? []).map((each) =>
      row('quarantines', ip(each), { ip: ip(each), until: 1_000_000, mac: CLIENT }),
    ),
    ...(options.machines ?? []).map((each, i) =>
      row('machineBoots', `sys${i}`, { ...each, systemId: `sys${i}`, macs: [each.mac] }),
    ),
    ...(options.options ?? []).map((each) => row('dhcpOptions', each.id, each)),
    ...(options.snippets ?? []).map((each) => row('dhcpSnippets', each.id, each)),
  ]
}

export function makeWorld(options: WorldOptions = {}) {
  const clock = makeFakeClock(50_000)
  const view = new RackView(clock)
  view.apply({
    type: 'viewReset',
    revision: 1,
    stamp: options.stamp ?? 10_000,
    rows: rowsOf(options),
  })
  const index = new ViewIndex(view)
  const offers = new Offers()
  const waiting = new WaitingClients()
  const context = (): DecideContext => ({
    rackId: RACK,
    index,
    offers,
    waiting,
    ownAddresses: [ip('192.0.2.1')],
    nowMs: clock.monotonicMs(),
    rights: undefined,
    isConnected: true,
  })
  return {
    clock,
    view,
    index,
    offers,
    waiting,
    context,
    decide: (packet: DhcpPacket, how: Partial<Arrival> = {}) =>
      decide(packet, arrival(how), context()),
  }
}

export const BROADCAST = makeIpv4(0xffffffff)

export function arrival(changes: Partial<Arrival> = {}): Arrival {
  return { link, sourcePort: 68, destination: BROADCAST, receivedAtMs: 50_000, ...changes }
}

export type RequestFields = {
  readonly mac?: MacAddress
  readonly options?: readonly OptionToWrite[]
  readonly relayInformation?: Uint8Array
} & Partial<Pick<DhcpPacket, 'op' | 'htype' | 'hops' | 'xid' | 'secs' | 'flags'>> &
  Partial<Pick<DhcpPacket, 'ciaddr' | 'giaddr' | 'chaddr'>>

const ZERO = makeIpv4(0)

/** The message as bytes. */
export function requestBytes(messageType: MessageName, fields: RequestFields = {}): Uint8Array {
  const { mac: address = CLIENT, options = [], relayInformation, ...rest } = fields
  return encodePacket(
    {
      op: 1,
      htype: 1,
      hops: 0,
      xid: 0x11223344,
      secs: 0,
      flags: 0,
      ciaddr: ZERO,
      yiaddr: ZERO,
      siaddr: ZERO,
      giaddr: ZERO,
      chaddr: macToBytes(address),
      sname: '',
      file: '',
      ...rest,
      messageType,
      options,
      relayInformation,
    },
    1472,
  )
}

export function request(messageType: MessageName, fields: RequestFields = {}): DhcpPacket {
  const decoded = decodePacket(requestBytes(messageType, fields))
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.packet
}

export const wants = (address: string): OptionToWrite => [
  OPTION.REQUESTED_ADDRESS,
  ipv4Bytes(ip(address)),
]
export const fromServer = (address: string): OptionToWrite => [
  OPTION.SERVER_IDENTIFIER,
  ipv4Bytes(ip(address)),
]
export const list = (...codes: number[]): OptionToWrite => [
  OPTION.PARAMETER_REQUEST_LIST,
  Uint8Array.from(codes),
]
export const text = (code: number, value: string): OptionToWrite => [code, Buffer.from(value)]

export function recordingMetrics(): Metrics & {
  readonly counts: Map<string, number>
  readonly gauges: Record<string, number>
} {
  const counts = new Map<string, number>()
  const gauges: Record<string, number> = {}
  const add = (name: string, labels: Labels = {}): void => {
    const key = `${name} ${Object.values(labels).join(' ')}`.trim()
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const gauge = (name: string, value: number, labels: Labels = {}): void => {
    gauges[[name, ...Object.values(labels)].join(' ')] = value
  }
  return { counts, gauges, count: add, gauge, observe: (name, _, labels) => add(name, labels) }
}

export function recordingLogger(): Logger & { readonly events: string[] } {
  const events: string[] = []
  const line = (event: string): void => void events.push(event)
  const logger = { events, debug: () => {}, info: line, warn: line, error: line }
  return { ...logger, with: () => ({ ...logger, with: () => recordingLogger() }) }
}
