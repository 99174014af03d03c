// What applying a command yields: an outcome for the one who asked and changes for everybody else.
import type { ErrorCode } from '#model/errors.ts'
import type {
  AccessTokenId,
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
import type { Ip } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { ConstraintsByType } from '#model/machine-constraints.ts'
import type { MachineToken } from '#model/machine-token.ts'
import type { ChassisOrder } from '#model/chassis.ts'
import type { PowerOrder } from '#model/power.ts'
import type { Command, CommandType } from './command.ts'
import type { TableName, TableRows } from './tables.ts'

/** The state machine said no; nothing changed. */
export type Refusal = {
  readonly ok: false
  readonly code: ErrorCode
  /** One public sentence. For NOT_FOUND MAAS's `No Machine matches the given query.` */
  readonly message: string
  /** VALIDATION: messages by API field name, `__all__` for the whole. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
  readonly retryAfterMs?: number
}

export type LeaseValue = {
  readonly ip: Ipv4
  /** Option 51 of the ACK. */
  readonly leaseSeconds: number
  /** Log time at which the hold ends. */
  readonly until: number
}

/** The epoch of the tenure, and the log time at which the hello or beat was stamped. */
type TenureValue = { readonly epoch: number; readonly stamp: number }
export type ReserveValue = { readonly generation: number; readonly addresses: readonly Ipv4[] }
/** `late`: the tenure had lapsed. `conflict`: never, unless an assumption of the protocol broke. */
type ReplayValue = { readonly result: 'bound' | 'late' | 'conflict' }

type Moved = { readonly systemIds: readonly SystemId[] }
type Created<Id> = { readonly id: Id }

/** What a successful command answers; commands not named answer null. */
type NamedValues = {
  readonly 'machine.create': { readonly systemId: SystemId }
  readonly 'user.create': Created<UserId>
  readonly 'sshKey.create': Created<SshKeyId>
  readonly 'sslKey.create': Created<SslKeyId>
  readonly 'accessToken.create': Created<AccessTokenId>
  readonly 'fabric.create': Created<FabricId>
  readonly 'vlan.create': Created<VlanId>
  readonly 'space.create': Created<SpaceId>
  readonly 'subnet.create': Created<SubnetId>
  readonly 'ipRange.create': Created<IpRangeId>
  readonly 'staticRoute.create': Created<StaticRouteId>
  readonly 'address.reserve': { readonly ip: Ip }
  readonly 'lease.bind': LeaseValue
  readonly 'tenure.hello': TenureValue
  readonly 'tenure.beat': TenureValue
  readonly 'reserve.grant': ReserveValue
  readonly 'reserve.replay': ReplayValue
  readonly 'bootResource.put': Created<BootResourceId>
  readonly 'bootResource.sync': Created<BootResourceId>
  /** `uploadId`: of a row only where bytes are still needed. */
  readonly 'bootUpload.begin': { readonly id: BootResourceId; readonly uploadId: number }
  readonly 'imageImport.claim': { readonly fence: number }
  readonly 'domain.create': Created<DomainId>
  readonly 'dnsResource.create': Created<DnsResourceId>
  readonly 'dnsRecord.create': Created<DnsRecordId>
  readonly 'object.create': Created<number>
  readonly 'interface.create': Created<InterfaceId>
  readonly 'machine.allocate': {
    readonly systemId: SystemId
    readonly constraintsByType: ConstraintsByType
  }
  /** Those that the command moved. */
  readonly 'machine.releaseAll': Moved
  readonly 'machine.accept': Moved
  /** False: it is switched by hand. */
  readonly 'power.query': { readonly fence: number | null }
  readonly 'machine.power': { readonly sent: boolean }
  readonly 'power.claim': PowerOrder
  readonly 'blockDevice.create': Created<number>
  readonly 'storage.createPartition': Created<number>
  readonly 'storage.createGroup': Created<number>
  readonly 'storage.createLogicalVolume': Created<number>
  readonly 'storage.createRaid': Created<number>
  readonly 'storage.createCacheSet': Created<number>
  readonly 'storage.createBcache': Created<number>
  readonly 'machineToken.issue': Pick<MachineToken, 'consumerKey' | 'tokenKey' | 'tokenSecret'>
  readonly 'chassis.add': Created<number>
  readonly 'chassis.claim': ChassisOrder
  readonly 'tag.assign': { readonly added: number; readonly removed: number }
}

export type ValueOf<T extends CommandType> = T extends keyof NamedValues ? NamedValues[T] : null

export type OutcomeOf<C extends Command> =
  | { readonly ok: true; readonly value: ValueOf<C['type']> }
  | Refusal

export type Outcome = OutcomeOf<Command>

/** One row that changed at a revision; `row` null when it went. */
export type Change = {
  readonly [T in TableName]: {
    readonly table: T
    readonly key: string | number
    readonly row: TableRows[T] | null
  }
}[TableName]

/** All changes of one revision (= log index), in the order they were made. */
export type ChangeBatch = {
  readonly revision: number
  readonly stamp: number
  readonly wall: number
  readonly changes: readonly Change[]
}
