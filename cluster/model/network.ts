// Rows of the network tables, in MAAS's words. All times named `…At` are log time in ms unless they
// end in `Wall` (Unix ms, display only).
import type {
  FabricId,
  InterfaceId,
  IpRangeId,
  ReservedIpId,
  SpaceId,
  StaticRouteId,
  SubnetId,
  SystemId,
  UserId,
  VlanId,
} from './ids.ts'
import { isIpv4, isIpv4Cidr, type Ip, type IpCidr } from './ip.ts'
import type { Cidr, Ipv4 } from './ipv4.ts'
import type { MacAddress } from './mac-address.ts'

export type Fabric = {
  readonly id: FabricId
  readonly name: string
  readonly description: string
  readonly classType: string | null
}

export type Vlan = {
  readonly id: VlanId
  readonly fabricId: FabricId
  readonly name: string
  /** 802.1Q id; 0 is untagged. */
  readonly vid: number
  readonly mtu: number
  readonly description: string
  readonly spaceId: SpaceId | null
  readonly dhcpOn: boolean
  readonly primaryRack: SystemId | null
  readonly secondaryRack: SystemId | null
  readonly relayVlanId: VlanId | null
  readonly externalDhcp: string | null
  /** Beyond MAAS's two: stand in after them, in this order. Absent: none. */
  readonly furtherRacks?: readonly SystemId[]
}

/** Racks that may answer DHCP on the VLAN, first the one that answers first. */
export function racksOf(
  vlan: Pick<Vlan, 'primaryRack' | 'secondaryRack' | 'furtherRacks'>,
): readonly SystemId[] {
  const { primaryRack, secondaryRack, furtherRacks = [] } = vlan
  return [primaryRack, secondaryRack, ...furtherRacks].filter((id): id is SystemId => id !== null)
}

export type Space = { readonly id: SpaceId; readonly name: string; readonly description: string }

export type Subnet = {
  readonly id: SubnetId
  readonly name: string
  readonly description: string
  readonly vlanId: VlanId
  readonly cidr: IpCidr
  /** A host address of the subnet, or a link-local one where it is IPv6. */
  readonly gatewayIp: Ip | null
  /** Of either family. */
  readonly dnsServers: readonly string[]
  /** 0 off, 1 on, 2 on with RFC 2317 glue. */
  readonly rdnsMode: number
  readonly activeDiscovery: boolean
  readonly allowDns: boolean
  readonly allowProxy: boolean
  readonly managed: boolean
  readonly disabledBootArchitectures: readonly string[]
}

/** One that DHCP of IPv4 serves. */
export type Ipv4Subnet = Subnet & { readonly cidr: Cidr; readonly gatewayIp: Ipv4 | null }

export function isIpv4Subnet(subnet: Subnet): subnet is Ipv4Subnet {
  return isIpv4Cidr(subnet.cidr)
}

export type IpRange = {
  readonly id: IpRangeId
  readonly type: 'dynamic' | 'reserved'
  readonly subnetId: SubnetId
  readonly start: Ip
  readonly end: Ip
  readonly comment: string
  readonly userId: UserId | null
}

export type Ipv4SubnetRange = IpRange & { readonly start: Ipv4; readonly end: Ipv4 }

export function isIpv4Range(range: IpRange): range is Ipv4SubnetRange {
  return isIpv4(range.start)
}

/** Machines of `source` reach `destination` through `gatewayIp`, a host address of the source subnet. */
export type StaticRoute = {
  readonly id: StaticRouteId
  readonly source: SubnetId
  readonly destination: SubnetId
  readonly gatewayIp: Ip
  readonly metric: number
}

/** MAAS's allocation types of addresses given by the API (DHCP's own are holds). */
export const ALLOC_TYPE = { auto: 0, sticky: 1, userReserved: 4, dhcp: 5, discovered: 6 } as const

/** An address allocated through the API: `api[a]` of lease-protocol §2. Keyed by `ip`. */
export type IpAddress = {
  readonly ip: Ip
  readonly allocType: 0 | 1 | 4
  readonly subnetId: SubnetId
  readonly userId: UserId | null
  readonly hostname: string
  readonly mac: MacAddress | null
  /** Whose link has it (`auto`, `sticky`): it goes with the link. Absent: nobody's. */
  readonly interfaceId?: InterfaceId
  readonly createdWall: number
  readonly updatedWall: number
}

/** The address is that of a link of the interface with `mac`, whose DHCP client may have it too, and nobody else's. */
export function isLinkOf(row: IpAddress | undefined, mac: MacAddress | undefined): boolean {
  return row?.interfaceId !== undefined && row.mac !== null && row.mac === mac
}

/** DHCP client identity: `<htype>-<chaddr hex>`, the default policy of MAAS (lease-protocol A6). */
export type ClientKey = string

/**
 * "This address is for this client and nobody else until log time `until`" (lease-protocol §2).
 * Keyed by `ip`. Never shortened; counts as absent when until ≤ now.
 */
export type Hold = {
  readonly ip: Ipv4
  readonly client: ClientKey
  readonly mac: MacAddress
  readonly until: number
  readonly boundAt: number
  /** Seconds of option 51 given at the last bind. */
  readonly leaseSeconds: number
  readonly boundWall: number
  /** RELEASE was seen: shown, preferred for the same client; `until` stays. */
  readonly released: boolean
  readonly hostname: string
  /** Rack of the last bind; null for the rest of a deleted reservation. */
  readonly rackId: SystemId | null
}

/**
 * The period in which a rack may answer DHCP without asking (lease-protocol §0). Keyed by `rackId`. Lapsed
 * when until ≤ now, and never revived: a later hello makes another epoch.
 */
export type Tenure = {
  readonly rackId: SystemId
  /** Log index of the hello: no epoch is ever given twice, whatever rows went meanwhile. */
  readonly epoch: number
  /** Number of the rack's start that said hello; display only. */
  readonly incarnation: number
  /** Records the rack's journal had: one that goes back is an older disk. */
  readonly journalSequence: number
  readonly until: number
}

/**
 * An address that one rack alone may bind while cut off. Keyed by `ip`. Counts as absent when the tenure of
 * that rack and epoch lapsed.
 */
export type Reserve = {
  readonly ip: Ipv4
  readonly rackId: SystemId
  readonly epoch: number
  /** Log index of the grant: tells it from earlier grants of the same address. */
  readonly generation: number
}

/**
 * An address kept for one client. Keyed by `ip`. Effective only while nobody else is protected on it: no
 * hold of another client and no live reserve (lease-protocol §3).
 */
export type Reservation = {
  readonly ip: Ip
  readonly client: ClientKey
  readonly mac: MacAddress
  readonly hostname: string
  readonly createdWall: number
  /** MAAS's reserved IP. Absent: made below feature level 3. */
  readonly id?: ReservedIpId
  readonly comment?: string
}

export type Ipv4Reservation = Reservation & { readonly ip: Ipv4 }

export function isIpv4Reservation(row: Reservation): row is Ipv4Reservation {
  return isIpv4(row.ip)
}

/** An address that answered with `mac`: for nobody else while until > now. Keyed by `ip`. */
export type Observed = { readonly ip: Ipv4; readonly mac: MacAddress; readonly until: number }

/** A declined address; nobody gets it while until > now. Keyed by `ip`. */
export type Quarantine = { readonly ip: Ipv4; readonly until: number; readonly mac: MacAddress }

/** A DHCP server that is none of our racks, heard by one of them on the VLAN. Keyed by `id`: `<vlan>/<address>`. */
export type DhcpSighting = {
  readonly id: string
  readonly vlanId: VlanId
  readonly ip: Ipv4
  readonly rackId: SystemId
  /** Log time from which on it counts as gone. */
  readonly until: number
}

/** A host that a rack heard by ARP. Keyed by `id`: `192.0.2.7,52:54:00:00:00:01`. */
export type Neighbour = {
  readonly id: string
  readonly ip: Ipv4
  readonly mac: MacAddress
  readonly vlanId: VlanId
  /** Who heard it last. */
  readonly rackId: SystemId
  readonly firstWall: number
  readonly lastWall: number
  /** Log time from which on it counts as forgotten. */
  readonly until: number
}

/** Networks that racks are asked to look for neighbours in; the newest request is the one that counts. Keyed by `name`. */
export type Scan = {
  readonly name: 'scan'
  /** Rises with every request. */
  readonly number: number
  /** Empty: every subnet. */
  readonly cidrs: readonly Cidr[]
  /** Log time from which on a rack that hears of it only now leaves it. */
  readonly until: number
}
