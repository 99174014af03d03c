// The replicated tables: name → row type. Keys: `system_id`, integer ids, an address as uint32, or the
// text named beside the row.
import type { BootResource } from '#model/boot.ts'
import type { ChassisJob } from '#model/chassis.ts'
import type { DhcpOption } from '#model/dhcp-option.ts'
import type { DnsRecord, DnsResource, Domain } from '#model/dns.ts'
import type {
  AccessTokenId,
  BlockDeviceId,
  BootResourceId,
  DnsRecordId,
  DnsResourceId,
  DomainId,
  FabricId,
  InterfaceId,
  IpRangeId,
  SpaceId,
  StaticRouteId,
  SshKeyId,
  SslKeyId,
  SubnetId,
  SystemId,
  UserId,
  VlanId,
} from '#model/ids.ts'
import type { BootFileHolder, BootUpload, ImageImport } from '#model/image-import.ts'
import type { Ip } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { Ipv6 } from '#model/ipv6.ts'
import type { BlockDevice, Controller, Interface, Machine } from '#model/machine.ts'
import type { HardwareDetails, NodeDevice } from '#model/found-hardware.ts'
import type { MachineToken } from '#model/machine-token.ts'
import type { Deployment, MachineWork } from '#model/machine-work.ts'
import type { JoinToken } from '#model/join-token.ts'
import type { Member } from '#model/member.ts'
import type {
  DhcpSighting,
  Fabric,
  Hold,
  IpAddress,
  IpRange,
  Neighbour,
  Observed,
  Quarantine,
  Reservation,
  Reserve,
  Scan,
  Space,
  StaticRoute,
  Subnet,
  Tenure,
  Vlan,
} from '#model/network.ts'
import type { Device, ObjectRows, StoredFile } from '#model/objects.ts'
import type { PowerFarewell, PowerIntent } from '#model/power.ts'
import type { StorageConfig } from '#model/storage.ts'
import type { ScriptOutput, ScriptResult, ScriptSet } from '#model/script-result.ts'
import type { Outcome } from './outcome.ts'

export type User = {
  readonly id: UserId
  readonly username: string
  readonly email: string
  readonly isSuperuser: boolean
  /** `scrypt$…`; made by the shell, compared by the shell. Empty: cannot log in. */
  readonly passwordHash: string
  readonly createdWall: number
}

/** OAuth token of a user. Keyed by `tokenKey`. */
export type ApiKey = {
  readonly tokenKey: string
  readonly tokenSecret: string
  readonly consumerKey: string
  readonly userId: UserId
  readonly name: string
  readonly createdWall: number
}

/** Public SSH key of a user, put on the machines that the user deploys. */
export type SshKey = {
  readonly id: SshKeyId
  readonly userId: UserId
  readonly key: string
  /** `lp:NAME`, `gh:NAME`, or '' when it was uploaded. */
  readonly keysource: string
  readonly createdWall: number
}

/** Certificate of a user in PEM. */
export type SslKey = {
  readonly id: SslKeyId
  readonly userId: UserId
  readonly key: string
  readonly createdWall: number
}

/** Each allows what the ones before it allow; `admin` counts for administrators only. */
export type AccessScope = 'read' | 'write' | 'admin'

/** Bearer token for /api/v1; the token itself is known to its owner only. */
export type AccessToken = {
  readonly id: AccessTokenId
  readonly userId: UserId
  readonly name: string
  /** SHA-256 (hex) of the token. */
  readonly digest: string
  readonly scope: AccessScope
  /** Log time. */
  readonly createdAt: number
  /** Log time; null: until it is revoked. */
  readonly expiresAt: number | null
  readonly createdWall: number
}

/** A browser that logged in with a password. Keyed by `digest`: the SHA-256 (hex) of its cookie. */
export type LoginSession = {
  readonly digest: string
  readonly userId: UserId
  /** Log time. */
  readonly openedAt: number
  /** Log time from which on it counts as absent. */
  readonly expiresAt: number
  readonly createdWall: number
}

/** One write of a user, as facts; the API makes sentences of them. Keyed by `sequence`, which has no gaps. */
export type AuditEvent = {
  readonly sequence: number
  /** Among all events: from the counter that `events` uses too. */
  readonly id: number
  /** Type of the command, e.g. `subnet.create`. */
  readonly action: string
  readonly subjectId: string | number | null
  /** Name of the object when it was written, '' when it has none. */
  readonly subject: string
  readonly systemId: string | null
  readonly hostname: string
  readonly userId: UserId | null
  readonly username: string
  readonly remoteAddress: string
  readonly requestId: string
  readonly createdWall: number
}

export type Event = {
  readonly id: number
  readonly systemId: string | null
  readonly hostname: string
  readonly username: string
  readonly level: 'AUDIT' | 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'
  /** Description of the event's type, e.g. `Performing PXE boot`. */
  readonly type: string
  readonly description: string
  readonly createdWall: number
}

/** Keyed by `name`; `value` is JSON data. */
export type Setting = { readonly name: string; readonly value: SettingValue }
export type SettingValue = string | number | boolean | null

/** Client session of one region process (dissertation §6.3). Keyed by `id`. */
export type Session = {
  readonly id: string
  readonly nodeId: string
  readonly incarnation: number
  /** Every sequence below it is answered for good. May lag behind what the session said last. */
  readonly answeredBelow: number
}

/** Outcome still needed for a retry. A row of its own, so that a command touches one. Keyed by `id`. */
export type SessionOutcome = {
  /** `<session>/<sequence>` */
  readonly id: string
  readonly session: string
  readonly sequence: number
  readonly outcome: Outcome
}

/** `Idempotency-Key` of a client with the answer it got. Keyed by `<user id>/<key>`. */
export type Idempotency = {
  readonly id: string
  /** SHA-256 (hex) of method, path and body. */
  readonly fingerprint: string
  readonly outcome: Outcome
  readonly revision: number
  /** Log time; counts as absent 24 h later. */
  readonly recordedAt: number
}

/** Last id or address given, by counter name. Keyed by `name`. */
export type Counter = {
  readonly name: string
  readonly last: number
  /** Of an IPv6 subnet; `last` is then 0. */
  readonly lastIp?: Ipv6
}

/** Who this cluster is; one row from `cluster.initialise` on. Keyed by `name`. */
export type Cluster = {
  readonly name: 'cluster'
  readonly id: string
  readonly createdWall: number
  /**
   * Log time until which only renewals are accepted: the state came from a backup, and what was promised
   * after the backup is not known (lease-protocol §5). Absent: never restored.
   */
  readonly restoreUntil?: number
  /** Absent: 1, the level of the first version. Rises, never falls. */
  readonly featureLevel?: number
}

export type TableRows = ObjectRows & {
  readonly users: User
  readonly apiKeys: ApiKey
  readonly joinTokens: JoinToken
  readonly controllers: Controller
  readonly fabrics: Fabric
  readonly vlans: Vlan
  readonly spaces: Space
  readonly subnets: Subnet
  readonly ipRanges: IpRange
  readonly ipAddresses: IpAddress
  readonly holds: Hold
  readonly quarantines: Quarantine
  readonly machines: Machine
  readonly interfaces: Interface
  readonly blockDevices: BlockDevice
  readonly bootResources: BootResource
  readonly events: Event
  readonly settings: Setting
  readonly sessions: Session
  readonly sessionOutcomes: SessionOutcome
  readonly idempotency: Idempotency
  readonly counters: Counter
  readonly cluster: Cluster
  readonly tenures: Tenure
  readonly reserves: Reserve
  readonly reservations: Reservation
  readonly members: Member
  readonly observed: Observed
  readonly domains: Domain
  readonly dnsResources: DnsResource
  readonly dnsRecords: DnsRecord
  readonly storedFiles: StoredFile
  readonly devices: Device
  readonly staticRoutes: StaticRoute
  readonly sshKeys: SshKey
  readonly sslKeys: SslKey
  readonly accessTokens: AccessToken
  readonly loginSessions: LoginSession
  readonly auditEvents: AuditEvent
  readonly dhcpOptions: DhcpOption
  readonly dhcpSightings: DhcpSighting
  readonly neighbours: Neighbour
  readonly scans: Scan
  readonly deployments: Deployment
  readonly machineWork: MachineWork
  readonly powerIntents: PowerIntent
  readonly machineStorage: StorageConfig
  readonly scriptSets: ScriptSet
  readonly scriptResults: ScriptResult
  readonly scriptOutputs: ScriptOutput
  readonly hardwareDetails: HardwareDetails
  readonly nodeDevices: NodeDevice
  readonly machineTokens: MachineToken
  readonly bootUploads: BootUpload
  readonly imageImports: ImageImport
  readonly bootFileHolders: BootFileHolder
  readonly chassisJobs: ChassisJob
  readonly powerFarewells: PowerFarewell
}
export type TableName = keyof TableRows

/** Tables whose key is not plain text. */
type OtherKeys = {
  readonly users: UserId
  readonly controllers: SystemId
  readonly fabrics: FabricId
  readonly vlans: VlanId
  readonly spaces: SpaceId
  readonly subnets: SubnetId
  readonly ipRanges: IpRangeId
  readonly ipAddresses: Ip
  readonly holds: Ipv4
  readonly quarantines: Ipv4
  readonly machines: SystemId
  readonly interfaces: InterfaceId
  readonly blockDevices: BlockDeviceId
  readonly bootResources: BootResourceId
  readonly events: number
  readonly tenures: SystemId
  readonly reserves: Ipv4
  readonly reservations: Ip
  readonly members: SystemId
  readonly staticRoutes: StaticRouteId
  readonly observed: Ipv4
  readonly sshKeys: SshKeyId
  readonly sslKeys: SslKeyId
  readonly accessTokens: AccessTokenId
  readonly auditEvents: number
  readonly domains: DomainId
  readonly dnsResources: DnsResourceId
  readonly dnsRecords: DnsRecordId
  readonly storedFiles: number
  readonly devices: SystemId
  readonly deployments: SystemId
  readonly machineWork: SystemId
  readonly powerIntents: SystemId
  readonly machineStorage: SystemId
  readonly scriptSets: number
  readonly scriptResults: number
  readonly scriptOutputs: number
  readonly hardwareDetails: SystemId
  readonly nodeDevices: number
  readonly machineTokens: SystemId
  readonly bootUploads: number
  readonly bootFileHolders: SystemId
  readonly chassisJobs: number
  readonly powerFarewells: SystemId
} & { readonly [T in keyof ObjectRows]: number }
export type TableKeys = {
  readonly [T in TableName]: T extends keyof OtherKeys ? OtherKeys[T] : string
}

/** In the order of snapshots and digests; additions go to the end. */
export const TABLE_NAMES = [
  'users',
  'apiKeys',
  'joinTokens',
  'controllers',
  'fabrics',
  'vlans',
  'spaces',
  'subnets',
  'ipRanges',
  'ipAddresses',
  'holds',
  'quarantines',
  'machines',
  'interfaces',
  'blockDevices',
  'bootResources',
  'events',
  'settings',
  'sessions',
  'sessionOutcomes',
  'idempotency',
  'counters',
  'cluster',
  'tenures',
  'reserves',
  'reservations',
  'members',
  'observed',
  'domains',
  'dnsResources',
  'dnsRecords',
  'zones',
  'resourcePools',
  'tags',
  'packageRepositories',
  'notifications',
  'licenseKeys',
  'scripts',
  'bootSources',
  'bootSourceSelections',
  'dhcpSnippets',
  'storedFiles',
  'devices',
  'staticRoutes',
  'sshKeys',
  'sslKeys',
  'accessTokens',
  'loginSessions',
  'auditEvents',
  'dhcpOptions',
  'dhcpSightings',
  'neighbours',
  'scans',
  'deployments',
  'machineWork',
  'powerIntents',
  'machineStorage',
  'scriptSets',
  'scriptResults',
  'scriptOutputs',
  'hardwareDetails',
  'nodeDevices',
  'machineTokens',
  'bootUploads',
  'imageImports',
  'bootFileHolders',
  'chassisJobs',
  'powerFarewells',
] as const satisfies readonly TableName[]
