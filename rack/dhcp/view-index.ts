// What DHCP asks of the rack's view: which subnet an address is in and the numbered pool of each VLAN. Both
// are built when first asked for after a VLAN, subnet or range changed, which is rare.
import type { VlanId } from '#model/ids.ts'
import { contains, firstOf, type Ipv4, makeIpv4, maskOf, rangeSize } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import {
  isIpv4Reservation,
  isLinkOf,
  type ClientKey,
  type Hold,
  type Ipv4Reservation,
  type Ipv4Subnet,
  type Reserve,
} from '#model/network.ts'
import type { RackVlan, ViewTable } from '#protocol/rack.ts'
import type { RackView } from '#rack/view.ts'
import {
  compileOptions,
  NO_SETTINGS,
  settingsFor,
  type ClientSettings,
  type OptionTable,
} from './client-options.ts'

/** The part of the view that DHCP uses. */
export type DhcpView = Pick<
  RackView,
  | 'stamp'
  | 'revision'
  | 'table'
  | 'settings'
  | 'holdsOfClient'
  | 'reservationsOfClient'
  | 'linkedAddressesOf'
  | 'machineOfMac'
  | 'subnetsOfVlan'
  | 'rangesOfSubnet'
  | 'onChange'
>

/** One dynamic range; `offset` is the number of pool addresses before it. */
export type PoolRange = {
  readonly start: Ipv4
  readonly end: Ipv4
  readonly offset: number
  readonly subnet: Ipv4Subnet
}

/** All dynamic addresses of a VLAN as one numbered sequence. */
export type Pool = {
  readonly vlan: RackVlan
  /** The VLAN whose racks serve this one: itself, or the one its relay points to. */
  readonly servingVlan: RackVlan
  readonly subnets: readonly Ipv4Subnet[]
  readonly ranges: readonly PoolRange[]
  readonly size: number
}

const OPTIONS: readonly ViewTable[] = ['dhcpOptions', 'dhcpSnippets']
const TOPOLOGY: readonly ViewTable[] = ['vlans', 'subnets', 'ipRanges']

export class ViewIndex {
  readonly view: DhcpView
  readonly #unsubscribe: () => void
  #pools: ReadonlyMap<VlanId, Pool> | undefined
  #options: OptionTable | undefined
  /** prefix → network → subnet, longest prefix first. */
  #subnets: ReadonlyMap<number, ReadonlyMap<number, Ipv4Subnet>> | undefined

  constructor(view: DhcpView) {
    this.view = view
    this.#unsubscribe = view.onChange((tables) => {
      if (OPTIONS.some((table) => tables.has(table))) this.#options = undefined
      if (!TOPOLOGY.some((table) => tables.has(table))) return
      this.#pools = undefined
      this.#subnets = undefined
    })
  }

  /** Log time; holds ending at or before it count as absent. */
  get stamp(): number {
    return this.view.stamp
  }

  /** Pools of every VLAN whose DHCP is on, by the VLAN the clients are on. */
  get pools(): ReadonlyMap<VlanId, Pool> {
    this.#pools ??= makePools(this.view)
    return this.#pools
  }

  hold(ip: Ipv4): Hold | undefined {
    return this.view.table('holds').get(ip)
  }

  holdsOf(client: ClientKey): readonly Hold[] {
    return this.view.holdsOfClient(client)
  }

  reserve(ip: Ipv4): Reserve | undefined {
    return this.view.table('reserves').get(ip)
  }

  reservation(ip: Ipv4): Ipv4Reservation | undefined {
    const row = this.view.table('reservations').get(ip)
    return row !== undefined && isIpv4Reservation(row) ? row : undefined
  }

  reservationsOf(client: ClientKey): readonly Ipv4Reservation[] {
    return this.view.reservationsOfClient(client)
  }

  /** The client's own by the network configuration of its machine or device. */
  linkedAddressesOf(mac: MacAddress): readonly Ipv4[] {
    return this.view.linkedAddressesOf(mac)
  }

  /** Declined, or given by the API to somebody else than the interface with `mac`. */
  isBarred(ip: Ipv4, mac: MacAddress): boolean {
    const quarantine = this.view.table('quarantines').get(ip)
    if (quarantine !== undefined && quarantine.until > this.stamp) return true
    const given = this.view.table('ipAddresses').get(ip)
    return given !== undefined && !isLinkOf(given, mac)
  }

  /** What operators set for a client of the pool; `ip` undefined while its address is not known. */
  settingsFor(
    pool: Pick<Pool, 'vlan' | 'subnets'>,
    client: { readonly ip: Ipv4 | undefined; readonly mac: MacAddress },
  ): ClientSettings {
    const { view } = this
    const options = view.table('dhcpOptions')
    const snippets = view.table('dhcpSnippets')
    if (options.size === 0 && snippets.size === 0) return NO_SETTINGS
    this.#options ??= compileOptions(options.values(), snippets.values())
    const { ip, mac } = client
    const subnet =
      ip === undefined ? pool.subnets[0] : pool.subnets.find(({ cidr }) => contains(cidr, ip))
    const isOnlyOne = ip !== undefined || pool.subnets.length === 1
    const subnetId = isOnlyOne ? subnet?.id : undefined
    const ranges = subnetId === undefined || ip === undefined ? [] : view.rangesOfSubnet(subnetId)
    const range = ranges.find(({ start, end }) => ip !== undefined && ip >= start && ip <= end)
    return settingsFor(this.#options, { vlanId: pool.vlan.id, subnetId, rangeId: range?.id, mac })
  }

  subnetOf(ip: Ipv4): Ipv4Subnet | undefined {
    this.#subnets ??= makeSubnetTable(this.view.table('subnets').values())
    for (const [prefix, networks] of this.#subnets) {
      const subnet = networks.get((ip & maskOf(prefix)) >>> 0)
      if (subnet !== undefined) return subnet
    }
    return undefined
  }

  close(): void {
    this.#unsubscribe()
  }
}

function makePools(view: DhcpView): ReadonlyMap<VlanId, Pool> {
  const vlans = view.table('vlans')
  const pools = new Map<VlanId, Pool>()
  for (const vlan of vlans.values()) {
    const servingVlan = vlan.relayVlanId === null ? vlan : vlans.get(vlan.relayVlanId)
    const subnets = view.subnetsOfVlan(vlan.id)
    if (servingVlan?.dhcpOn !== true || subnets.length === 0) continue
    pools.set(vlan.id, { vlan, servingVlan, subnets, ...numberRanges(view, subnets) })
  }
  return pools
}

/** Sorted by address, so that every rack numbers the same pool alike. */
function numberRanges(
  view: DhcpView,
  subnets: readonly Ipv4Subnet[],
): Pick<Pool, 'ranges' | 'size'> {
  const all = subnets.flatMap((subnet) =>
    view
      .rangesOfSubnet(subnet.id)
      .filter((range) => range.type === 'dynamic')
      .map(({ start, end }) => ({ start, end, subnet })),
  )
  all.sort((a, b) => a.start - b.start)
  let offset = 0
  const ranges = all.map((range) => {
    const numbered = { ...range, offset }
    offset += rangeSize(range)
    return numbered
  })
  return { ranges, size: offset }
}

/** The range of the pool that has the address. */
export function rangeOf(pool: Pool, ip: Ipv4): PoolRange | undefined {
  return pool.ranges.find((range) => ip >= range.start && ip <= range.end)
}

/** `number` in [0, pool.size). */
export function addressAt(pool: Pool, number: number): Ipv4 | undefined {
  const range = pool.ranges.findLast((one) => one.offset <= number)
  return range === undefined ? undefined : makeIpv4(range.start + number - range.offset)
}

function makeSubnetTable(subnets: Iterable<Ipv4Subnet>): Map<number, Map<number, Ipv4Subnet>> {
  const byPrefix = new Map<number, Map<number, Ipv4Subnet>>()
  const longestFirst = [...subnets].toSorted((a, b) => b.cidr.prefix - a.cidr.prefix)
  for (const subnet of longestFirst) {
    const networks = byPrefix.get(subnet.cidr.prefix) ?? new Map<number, Ipv4Subnet>()
    networks.set(firstOf(subnet.cidr), subnet)
    byPrefix.set(subnet.cidr.prefix, networks)
  }
  return byPrefix
}
