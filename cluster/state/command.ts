// Everything that can change the world, as one versioned union. Commands are only ever added; a node
// that meets an unknown one stops instead of guessing. Ids that are random, hashes and secrets are made
// by the shell before proposing; integer ids are counters in the state.
import type { BootFile } from '#model/boot.ts'
import type {
  BootResourceId,
  ReservedIpId,
  SubnetId,
  SystemId,
  UserId,
  VlanId,
  DomainId,
} from '#model/ids.ts'
import type { Ip } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { BlockDevice, HardwareFacts, Interface, Machine, PowerState } from '#model/machine.ts'
import type { ProbeOptions } from '#model/machine-work.ts'
import type { Member } from '#model/member.ts'
import type { ClientKey } from '#model/network.ts'
import type { AccessCommand } from './access-commands.ts'
import type { DnsCommand } from './dns-commands.ts'
import type { InterfaceCommand } from './interface-commands.ts'
import type { ImageCommand } from './image-commands.ts'
import type { ChassisCommand } from './chassis-commands.ts'
import type { MachineCommand } from './machine-commands.ts'
import type { NetworkCommand } from './network-commands.ts'
import type { ObjectCommand } from './object-commands.ts'
import type { StorageCommand } from './storage-commands.ts'
import type { ScriptCommand } from './script-commands.ts'
import type { ApiKey, Event, SettingValue } from './tables.ts'

type UserFields = {
  readonly username: string
  readonly email: string
  readonly isSuperuser: boolean
  readonly passwordHash: string
}

export type NewInterface = Pick<
  Interface,
  'name' | 'linkConnected' | 'linkSpeedMbps' | 'vendor' | 'product'
> & {
  readonly mac: MacAddress
  /** Address the machine had when it enlisted; places the interface on a VLAN. */
  readonly ip: Ipv4 | null
}
export type NewBlockDevice = Omit<BlockDevice, 'id' | 'systemId'>

/** What `machine.update` may set; absent keeps. */
export type MachineFields = Partial<
  Pick<
    Machine,
    | 'hostname'
    | 'description'
    | 'architecture'
    | 'powerType'
    | 'powerParameters'
    | 'minHweKernel'
    | 'hweKernel'
    | 'cpuCount'
    | 'memoryMib'
    | 'tagNames'
    | 'ownerData'
  >
>

type MemberAddress = Pick<Member, 'id' | 'host' | 'port' | 'apiUrl'>

export type ReportedInterface = {
  readonly name: string
  readonly mac: MacAddress
  /** CIDR with host bits, IPv4. */
  readonly addresses: readonly string[]
}

export type Command =
  /** First command of a cluster; refused when the state is not empty. */
  | {
      readonly type: 'cluster.initialise'
      readonly clusterId: string
      readonly admin: UserFields
      readonly apiKey: Omit<ApiKey, 'userId' | 'createdWall'>
      readonly joinTokenDigest: string
      /** What the version that made the cluster supports; absent: 1. */
      readonly featureLevel?: number
    }
  /** The leader has heard from every member that it supports `level`; never lowers it. */
  | { readonly type: 'cluster.raiseLevel'; readonly level: number }
  /** First command of a cluster over the rows of another (`rowForNewCluster`): identity, access, quarantine. */
  | {
      readonly type: 'cluster.restore'
      readonly clusterId: string
      /** Whose rows they were; for the record. */
      readonly fromClusterId: string
      readonly admin: UserFields
      readonly apiKey: Omit<ApiKey, 'userId' | 'createdWall'>
      readonly joinTokenDigest: string
      /** False: the operator takes the risk that an address is given twice. */
      readonly quarantine: boolean
    }
  /** A region process starts: its session replaces every earlier one of that node. */
  | {
      readonly type: 'session.open'
      readonly id: string
      readonly nodeId: string
      readonly incarnation: number
    }
  /** Lets log time advance on an idle cluster and sweeps rows that count as absent already. */
  | { readonly type: 'time.advance' }
  | {
      readonly type: 'region.register'
      readonly systemId: SystemId
      readonly hostname: string
      readonly version: string
      readonly apiUrl: string
      readonly peerAddress: string
      readonly incarnation: number
    }
  /** Creates or refreshes a rack; subnets it is on and that nobody knows yet are created as MAAS does. */
  | {
      readonly type: 'rack.register'
      readonly systemId: SystemId
      readonly hostname: string
      readonly version: string
      readonly architecture: string
      readonly cpuCount: number
      readonly memoryMib: number
      readonly incarnation: number
      readonly interfaces: readonly ReportedInterface[]
      /** Of interfaces that it does not serve; without prefix length. From feature level 3 on. */
      readonly otherAddresses?: readonly string[]
    }
  /** Racks heard from since the last beat, all of a region in one entry. */
  | { readonly type: 'rack.beat'; readonly racks: readonly SystemId[] }
  /** The leader has not heard of the rack for `rack_lost_after_s`; refused if a beat came in between. */
  | { readonly type: 'rack.lost'; readonly systemId: SystemId; readonly lastBeatAt: number }
  | { readonly type: 'rack.delete'; readonly systemId: SystemId }
  | ({ readonly type: 'user.create' } & UserFields)
  | { readonly type: 'user.update'; readonly id: UserId; readonly set: Partial<UserFields> }
  | { readonly type: 'user.delete'; readonly username: string }
  | ({ readonly type: 'apiKey.create' } & Omit<ApiKey, 'createdWall'>)
  | {
      readonly type: 'apiKey.rename'
      readonly tokenKey: string
      readonly userId: UserId
      readonly name: string
    }
  | { readonly type: 'apiKey.delete'; readonly tokenKey: string; readonly userId: UserId }
  | AccessCommand
  /** `ip` null: the state chooses the next free one of the subnet. */
  | {
      readonly type: 'address.reserve'
      readonly subnetId: SubnetId
      readonly ip: Ip | null
      readonly userId: UserId
      readonly hostname: string
      readonly mac: MacAddress | null
    }
  | {
      readonly type: 'address.release'
      readonly ip: Ip
      readonly userId: UserId
      readonly force: boolean
    }
  /** lease-protocol §3. One per received DHCPREQUEST packet. */
  | {
      readonly type: 'lease.bind'
      readonly rackId: SystemId
      readonly client: ClientKey
      readonly mac: MacAddress
      readonly ip: Ipv4
      readonly leaseSeconds: number
      readonly kind: 'selecting' | 'initReboot' | 'renewing' | 'rebinding'
      readonly hostname: string
    }
  | { readonly type: 'lease.release'; readonly client: ClientKey; readonly ip: Ipv4 }
  | {
      readonly type: 'lease.decline'
      readonly client: ClientKey
      readonly mac: MacAddress
      readonly ip: Ipv4
    }
  /** A rack saw `mac` answer for the address before it offered it to another client. */
  | {
      readonly type: 'lease.observe'
      readonly rackId: SystemId
      readonly mac: MacAddress
      readonly ip: Ipv4
    }
  /** A rack without a tenure asks for one (lease-protocol §3 `rack.hello`). */
  | {
      readonly type: 'tenure.hello'
      readonly rackId: SystemId
      readonly incarnation: number
      readonly journalSequence: number
    }
  /** Prolongs a live tenure (§3 `rack.beat`); `rack.beat` above only tells who is connected. */
  | {
      readonly type: 'tenure.beat'
      readonly rackId: SystemId
      readonly epoch: number
      readonly journalSequence: number
    }
  | {
      readonly type: 'reserve.grant'
      readonly rackId: SystemId
      readonly epoch: number
      readonly vlanId: VlanId
      readonly count: number
    }
  | {
      readonly type: 'reserve.return'
      readonly rackId: SystemId
      readonly epoch: number
      readonly reserves: readonly { readonly ip: Ipv4; readonly generation: number }[]
    }
  /** What a rack bound while cut off; `leaseSeconds` the longest it told the client. */
  | {
      readonly type: 'reserve.replay'
      readonly rackId: SystemId
      readonly epoch: number
      readonly ip: Ipv4
      readonly generation: number
      readonly client: ClientKey
      readonly mac: MacAddress
      readonly leaseSeconds: number
      readonly hostname: string
    }
  | {
      readonly type: 'reservation.create'
      readonly ip: Ip
      readonly client: ClientKey
      readonly mac: MacAddress
      readonly hostname: string
      /** Given (feature level 3): a reserved IP of MAAS, which never replaces one. */
      readonly comment?: string
    }
  | { readonly type: 'reservation.delete'; readonly ip: Ip }
  | { readonly type: 'reservation.update'; readonly id: ReservedIpId; readonly comment: string }
  /** The operator says that nobody uses a declined address any more. Holds on it stay. */
  | { readonly type: 'address.forget'; readonly ip: Ipv4 }
  /** Retired, as the next: read from old logs only. The state came from a backup: promises made since are unknown (§5). */
  | { readonly type: 'restore.begin' }
  /** The operator accepts that addresses may be given twice instead of waiting. */
  | { readonly type: 'restore.accept' }
  /** Also enlistment: then `ownerless` actor. Refused when a MAC is known already. `hostname` '' : one is made from the system id. */
  | {
      readonly type: 'machine.create'
      readonly systemId: SystemId
      readonly hostname: string
      readonly description: string
      readonly architecture: string
      readonly powerType: string
      readonly powerParameters: Readonly<Record<string, string>>
      readonly powerState: PowerState
      readonly interfaces: readonly NewInterface[]
      readonly blockDevices: readonly NewBlockDevice[]
      readonly hardware: HardwareFacts | null
      readonly hardwareUuid: string | null
      readonly cpuCount: number
      readonly cpuSpeedMhz: number
      readonly memoryMib: number
      readonly biosBootMethod: string
      /** Given (feature level 3): it begins to be commissioned, or it is Deployed already and the actor's. */
      readonly begin?: ProbeOptions | 'deployed'
      /** These from feature level 3 on; absent: the default ones, and no least kernel. */
      readonly domainId?: DomainId
      readonly zoneId?: number
      readonly poolId?: number
      readonly minHweKernel?: string
    }
  | { readonly type: 'machine.update'; readonly systemId: SystemId; readonly set: MachineFields }
  | { readonly type: 'machine.delete'; readonly systemId: SystemId }
  | {
      readonly type: 'bootResource.put'
      readonly name: string
      readonly architecture: string
      readonly title: string
      readonly files: readonly BootFile[]
    }
  | { readonly type: 'bootResource.delete'; readonly id: BootResourceId }
  | ({
      readonly type: 'event.record'
      /** `type` of the event's row, e.g. `Performing PXE boot`. */
      readonly eventType: string
    } & Omit<Event, 'id' | 'createdWall' | 'hostname' | 'type'>)
  | { readonly type: 'setting.put'; readonly name: string; readonly value: SettingValue }
  /** A region node says where it is reached; refused MEMBER_REMOVED for a tombstone. */
  | ({ readonly type: 'member.register' } & MemberAddress)
  /** A node with a token wishes to become a voter. `keyFingerprint` tells its retry from another node. */
  | ({
      readonly type: 'member.join'
      readonly tokenDigest: string
      readonly keyFingerprint: string
    } & MemberAddress)
  | { readonly type: 'member.remove'; readonly id: SystemId }
  /** The leader carried a wish out, or could not. `statusRevision` names the wish. */
  | {
      readonly type: 'member.report'
      readonly id: SystemId
      readonly statusRevision: number
      readonly result: 'joined' | 'failed' | 'removed' | 'refused'
      readonly note: string
    }
  /** One-time; ends `lifetimeMs` of log time from now. */
  | {
      readonly type: 'token.create'
      readonly digest: string
      readonly kind: 'rack' | 'region'
      readonly lifetimeMs: number
    }
  | { readonly type: 'token.use'; readonly digest: string; readonly usedBy: string }
  /** Admits nobody any more, not even the one that came with it. */
  | { readonly type: 'token.revoke'; readonly digest: string }
  | ChassisCommand
  | DnsCommand
  | InterfaceCommand
  | ImageCommand
  | MachineCommand
  | ScriptCommand
  | NetworkCommand
  | ObjectCommand
  | StorageCommand

export type CommandType = Command['type']
export type CommandOf<T extends CommandType> = Extract<Command, { readonly type: T }>

/** What makes a cluster exist. */
export type FirstCommand = CommandOf<'cluster.initialise'> | CommandOf<'cluster.restore'>

/** Who did it, for events and audit. */
export type Actor = {
  readonly kind: 'user' | 'system' | 'anonymous'
  readonly userId: UserId | null
  readonly username: string
  /** Address the request came from, '' when it did not come by network. */
  readonly remoteAddress: string
  /** X-Request-ID of the request, '' when none. */
  readonly requestId: string
}

/** What one log entry of kind `command` holds. Log time travels in the entry's own `stamp`. */
export type Envelope = {
  readonly version: 1
  /** Session and sequence make a retry after a leader's death harmless; null only for `session.open` and the first command. */
  readonly request: {
    readonly session: string
    readonly sequence: number
    /** The session has seen the outcomes of every sequence below this one. */
    readonly answeredBelow: number
  } | null
  /** Unix ms at the node that received the request; display only. */
  readonly wall: number
  readonly actor: Actor
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null
  readonly command: Command
}
