// Rack ⇄ region over mTLS. The rack asks, the region pushes the part of the state that concerns it.
import type { BootResource, MachineBoot } from '#model/boot.ts'
import type { RackPlace } from '#model/boot-origins.ts'
import type { OpenChassisJob } from '#model/chassis.ts'
import type { DhcpOption } from '#model/dhcp-option.ts'
import type { DnsRecord, DnsResource, Domain } from '#model/dns.ts'
import type { IpRangeId, SubnetId, SystemId, VlanId } from '#model/ids.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { IpCidr } from '#model/ip.ts'
import type {
  Hold,
  IpAddress,
  Ipv4Subnet,
  Ipv4SubnetRange,
  Quarantine,
  Reservation,
  Reserve,
  Scan,
  Tenure,
  Vlan,
} from '#model/network.ts'
import type { PowerIntent } from '#model/power.ts'
import type { CommandOf } from '#state/command.ts'
import type { Outcome } from '#state/outcome.ts'

/** What a rack needs of one VLAN to serve it. */
export type RackVlan = Vlan & {
  /** Racks of the VLAN in order of precedence that are connected to some region now. */
  readonly liveRacks: readonly SystemId[]
  /** Interfaces of this rack on the VLAN. */
  readonly interfaceNames: readonly string[]
  /** Where machines of the VLAN find racks, this one too. Absent: the region is too old to say. */
  readonly rackPlaces?: readonly RackPlace[]
}

/** Rows of a rack's view. `settings` has one row, key `rack`. */
export type ViewRows = {
  readonly vlans: RackVlan
  /** Those of IPv4: what DHCP serves. */
  readonly subnets: Ipv4Subnet
  readonly ipRanges: Ipv4SubnetRange
  readonly ipAddresses: IpAddress
  readonly holds: Hold
  readonly quarantines: Quarantine
  readonly machineBoots: MachineBoot
  readonly bootResources: BootResource
  readonly settings: RackSettings
  /** Of every rack: that the row of a beat comes is how a rack knows that its view is new enough. */
  readonly tenures: Tenure
  readonly reserves: Reserve
  readonly reservations: Reservation
  readonly domains: Domain
  readonly dnsResources: DnsResource
  readonly dnsRecords: DnsRecord
  readonly dnsSubnets: DnsSubnet
  readonly dhcpOptions: DhcpOption
  readonly dhcpSnippets: RackSnippet
  readonly scans: Scan
  /** Of every machine: who claims one is told the parameters of its BMC (`power.claim`). */
  readonly powerIntents: PowerIntent
  /** Of every chassis that is to be added; its parameters go to who claims it. */
  readonly chassisJobs: OpenChassisJob
  /** One row, key `all`: the racks that some region hears, for who asks which BMC. */
  readonly liveRacks: { readonly racks: readonly SystemId[] }
}
export type ViewTable = keyof ViewRows

/** A DHCP snippet that is in force; disabled ones are not sent. */
export type RackSnippet = {
  readonly id: number
  readonly name: string
  /** Statements of dhcpd.conf, checked when they were written. */
  readonly value: string
  readonly subnetId: SubnetId | null
  readonly ipRangeId: IpRangeId | null
  /** Hardware addresses of the node it is for; null: it is for no node. */
  readonly macs: readonly MacAddress[] | null
}

/** What DNS needs of a subnet; of all of them, while `subnets` has only those that the rack serves. */
export type DnsSubnet = {
  readonly id: SubnetId
  readonly cidr: IpCidr
  /** 0 off, 1 on, 2 on with RFC 2317 for prefixes longer than 24. */
  readonly rdnsMode: number
  /** Its hosts may ask for names that are not ours. */
  readonly allowDns: boolean
}

export type DnsSettings = {
  readonly defaultDomain: string
  /** Seconds, for records whose domain says nothing. */
  readonly defaultTtl: number
  /** Added to the revision to make the SOA serial, mod 2^32. */
  readonly serialOffset: number
  /** IPv4 addresses that are asked for names that are not ours, in order. */
  readonly upstream: readonly string[]
  /** CIDRs that may ask for them besides the subnets that allow it. */
  readonly trusted: readonly string[]
}

export type RackSettings = {
  readonly clusterId: string
  /** `host:port` of every region's peer listener. */
  readonly regionPeers: readonly string[]
  /** API base URL of every region, e.g. `http://192.0.2.1:5240`. */
  readonly regionApis: readonly string[]
  /** Option 51 for operating systems and for firmware, seconds. */
  readonly leaseSeconds: number
  readonly firmwareLeaseSeconds: number
  readonly domainName: string
  /** The rack answers router solicitations on VLANs it serves (no 13 s wait for IPv6 in iPXE). */
  readonly answerRouterSolicitations: boolean
  /** Seconds between two looks for DHCP servers that are not ours, 0 never. Absent: the region is too old to say. */
  readonly dhcpProbeSeconds?: number
  /** Seconds between two questions to a machine's BMC, 0 never. Absent: the region is too old to answer a rack's. */
  readonly powerQuerySeconds?: number
  /** Absent: racks report no neighbours (MAAS's `network_discovery`, or an old region). */
  readonly discovery?: {
    /** Seconds between two scans of subnets with active discovery; 0 never. */
    readonly scanSeconds: number
  }
  /** Of the cluster: which commands its regions know. Absent: from a region of before it was told. */
  readonly featureLevel?: number
  /** Absent: the region is too old to say. */
  readonly dns?: DnsSettings
  /** Boot resource of the ephemeral system, `debian/bookworm`. Absent: that one. */
  readonly ephemeralImage?: string
  /** Words for every kernel's command line. Absent: none. */
  readonly kernelOptions?: string
}

export type ViewChange = {
  readonly [T in ViewTable]: {
    readonly table: T
    readonly key: string | number
    readonly row: ViewRows[T] | null
  }
}[ViewTable]

/** The commands a rack may ask for; the region fills in nothing and checks `rackId`. */
export type RackCommand =
  | CommandOf<'lease.bind'>
  | CommandOf<'lease.release'>
  | CommandOf<'lease.decline'>
  | CommandOf<'lease.observe'>
  | CommandOf<'dhcp.observe'>
  | CommandOf<'neighbour.report'>
  | CommandOf<'event.record'>
  | CommandOf<'tenure.hello'>
  | CommandOf<'tenure.beat'>
  | CommandOf<'reserve.grant'>
  | CommandOf<'reserve.return'>
  | CommandOf<'reserve.replay'>
  | CommandOf<'machine.heartbeat'>
  | CommandOf<'power.claim'>
  | CommandOf<'power.report'>
  | CommandOf<'power.queryReport'>
  | CommandOf<'chassis.claim'>
  | CommandOf<'chassis.report'>

/** What a rack may look up: answered from the state of the region that it follows, and not written anywhere. */
export type RackRead = {
  /** Of a machine that this rack looks after (`model/power-poll.ts`); value: PowerParametersAnswer. */
  readonly type: 'power.parameters'
  readonly rackId: SystemId
  readonly systemId: SystemId
}
export type RackRequest = RackCommand | RackRead

export type RackToRegion =
  | {
      readonly type: 'hello'
      readonly register: Omit<CommandOf<'rack.register'>, 'type' | 'incarnation'>
      /** Revision of the view the rack holds, 0 for none; the region may answer with changes only. */
      readonly viewRevision: number
    }
  /** `id` counts up per connection; one per received packet (lease-protocol §3, session table). */
  | { readonly type: 'request'; readonly id: number; readonly command: RackRequest }
  /** Sent every second; also carries interface changes as a new `hello`. */
  | { readonly type: 'ping'; readonly sentAtMs: number }

export type RackToRegionReply =
  | { readonly ok: true; readonly outcome: Outcome; readonly revision: number }
  /** Nothing is known about the command: stay silent to the client. */
  | { readonly ok: false; readonly reason: 'noQuorum' | 'overloaded' }

export type RegionToRack =
  | { readonly type: 'reply'; readonly id: number; readonly reply: RackToRegionReply }
  /** Replaces the whole view. */
  | {
      readonly type: 'viewReset'
      readonly revision: number
      /** Log time at that revision. */
      readonly stamp: number
      readonly rows: readonly ViewChange[]
    }
  | {
      readonly type: 'viewChanges'
      readonly revision: number
      readonly stamp: number
      readonly changes: readonly ViewChange[]
    }
  | { readonly type: 'pong'; readonly sentAtMs: number; readonly hasLeader: boolean }
  /** This region is going away: move now. */
  | { readonly type: 'goodbye' }

export type { VlanId }
