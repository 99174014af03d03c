// The replicated state of a region: one typed table per name, secondary indexes kept up to date by the
// tables themselves. Everything in it is a function of the rows; nothing remembers how they came in.
import type {
  DnsResourceId,
  DomainId,
  FabricId,
  ReservedIpId,
  SubnetId,
  SystemId,
  UserId,
  VlanId,
} from '#model/ids.ts'
import { isIpv4Cidr, type IpCidr } from '#model/ip.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { bmcOf } from '#model/bmc.ts'
import type { ClientKey } from '#model/network.ts'
import { AddressCounts } from './address-counts.ts'
import { ControllerAddresses } from './controller-addresses.ts'
import { Deadlines } from './deadlines.ts'
import { FreeMachines } from './free-machines.ts'
import { Ipv6Prefixes } from './ipv6-prefixes.ts'
import { KeptAddresses } from './kept-addresses.ts'
import { IDEMPOTENCY_KEPT_MS } from './limits.ts'
import { OutputSize } from './output-size.ts'
import { Pools } from './pools.ts'
import { TableIndex } from './table-index.ts'
import { Journal, Table } from './table.ts'
import type { TableKeys, TableName, TableRows } from './tables.ts'

type Tables = { readonly [T in TableName]: Table<TableRows[T], TableKeys[T]> }
type IndexOn<T extends TableName, Value extends string | number> = TableIndex<
  TableRows[T],
  TableKeys[T],
  Value
>

/** One key per CIDR; of IPv4 a number: 32 bits of network, 6 bits of prefix. */
export function cidrKey(cidr: IpCidr): number | string {
  if (isIpv4Cidr(cidr)) return cidr.network * 64 + cidr.prefix
  return `${cidr.network}/${cidr.prefix}`
}

export class RegionState implements Tables {
  /** Rows written since it was last taken; `apply` owns it. */
  readonly journal = new Journal()

  readonly users = this.#table('users')
  readonly apiKeys = this.#table('apiKeys')
  readonly joinTokens = this.#table('joinTokens')
  readonly controllers = this.#table('controllers')
  readonly fabrics = this.#table('fabrics')
  readonly vlans = this.#table('vlans')
  readonly spaces = this.#table('spaces')
  readonly subnets = this.#table('subnets')
  readonly ipRanges = this.#table('ipRanges')
  readonly ipAddresses = this.#table('ipAddresses')
  readonly holds = this.#table('holds')
  readonly quarantines = this.#table('quarantines')
  readonly machines = this.#table('machines')
  readonly interfaces = this.#table('interfaces')
  readonly blockDevices = this.#table('blockDevices')
  readonly bootResources = this.#table('bootResources')
  readonly events = this.#table('events')
  readonly settings = this.#table('settings')
  readonly sessions = this.#table('sessions')
  readonly sessionOutcomes = this.#table('sessionOutcomes')
  readonly idempotency = this.#table('idempotency')
  readonly counters = this.#table('counters')
  readonly cluster = this.#table('cluster')
  readonly tenures = this.#table('tenures')
  readonly reserves = this.#table('reserves')
  readonly reservations = this.#table('reservations')
  readonly members = this.#table('members')
  readonly observed = this.#table('observed')
  readonly domains = this.#table('domains')
  readonly dnsResources = this.#table('dnsResources')
  readonly dnsRecords = this.#table('dnsRecords')
  readonly zones = this.#table('zones')
  readonly resourcePools = this.#table('resourcePools')
  readonly tags = this.#table('tags')
  readonly packageRepositories = this.#table('packageRepositories')
  readonly notifications = this.#table('notifications')
  readonly licenseKeys = this.#table('licenseKeys')
  readonly scripts = this.#table('scripts')
  readonly bootSources = this.#table('bootSources')
  readonly bootSourceSelections = this.#table('bootSourceSelections')
  readonly dhcpSnippets = this.#table('dhcpSnippets')
  readonly storedFiles = this.#table('storedFiles')
  readonly devices = this.#table('devices')
  readonly staticRoutes = this.#table('staticRoutes')
  readonly sshKeys = this.#table('sshKeys')
  readonly sslKeys = this.#table('sslKeys')
  readonly accessTokens = this.#table('accessTokens')
  readonly loginSessions = this.#table('loginSessions')
  readonly auditEvents = this.#table('auditEvents')
  readonly dhcpOptions = this.#table('dhcpOptions')
  readonly dhcpSightings = this.#table('dhcpSightings')
  readonly neighbours = this.#table('neighbours')
  readonly scans = this.#table('scans')
  readonly deployments = this.#table('deployments')
  readonly machineWork = this.#table('machineWork')
  readonly powerIntents = this.#table('powerIntents')
  readonly machineStorage = this.#table('machineStorage')
  readonly scriptSets = this.#table('scriptSets')
  readonly scriptResults = this.#table('scriptResults')
  readonly scriptOutputs = this.#table('scriptOutputs')
  readonly hardwareDetails = this.#table('hardwareDetails')
  readonly nodeDevices = this.#table('nodeDevices')
  readonly machineTokens = this.#table('machineTokens')
  readonly bootUploads = this.#table('bootUploads')
  readonly imageImports = this.#table('imageImports')
  readonly bootFileHolders = this.#table('bootFileHolders')
  readonly chassisJobs = this.#table('chassisJobs')
  readonly powerFarewells = this.#table('powerFarewells')

  readonly usersByUsername: IndexOn<'users', string> = new TableIndex(this.users, (r) => r.username)
  readonly apiKeysByUser: IndexOn<'apiKeys', UserId> = new TableIndex(this.apiKeys, (r) => r.userId)
  readonly sshKeysByUser: IndexOn<'sshKeys', UserId> = new TableIndex(this.sshKeys, (r) => r.userId)
  readonly sslKeysByUser: IndexOn<'sslKeys', UserId> = new TableIndex(this.sslKeys, (r) => r.userId)
  readonly accessTokensByUser: IndexOn<'accessTokens', UserId> = new TableIndex(
    this.accessTokens,
    (r) => r.userId,
  )
  readonly accessTokensByDigest: IndexOn<'accessTokens', string> = new TableIndex(
    this.accessTokens,
    (r) => r.digest,
  )
  readonly loginSessionsByUser: IndexOn<'loginSessions', UserId> = new TableIndex(
    this.loginSessions,
    (r) => r.userId,
  )
  readonly fabricsByName: IndexOn<'fabrics', string> = new TableIndex(this.fabrics, (r) => r.name)
  readonly vlansByFabric: IndexOn<'vlans', FabricId> = new TableIndex(this.vlans, (r) => r.fabricId)
  readonly spacesByName: IndexOn<'spaces', string> = new TableIndex(this.spaces, (r) => r.name)
  readonly subnetsByVlan: IndexOn<'subnets', VlanId> = new TableIndex(this.subnets, (r) => r.vlanId)
  /** By `cidrKey`. */
  readonly subnetsByCidr: IndexOn<'subnets', number | string> = new TableIndex(this.subnets, (r) =>
    cidrKey(r.cidr),
  )
  readonly ipRangesBySubnet: IndexOn<'ipRanges', SubnetId> = new TableIndex(
    this.ipRanges,
    (r) => r.subnetId,
  )
  readonly ipAddressesBySubnet: IndexOn<'ipAddresses', SubnetId> = new TableIndex(
    this.ipAddresses,
    (r) => r.subnetId,
  )
  readonly ipAddressesByMac: IndexOn<'ipAddresses', MacAddress> = new TableIndex(
    this.ipAddresses,
    (r) => r.mac,
  )
  readonly holdsByClient: IndexOn<'holds', ClientKey> = new TableIndex(this.holds, (r) => r.client)
  readonly holdsByMac: IndexOn<'holds', MacAddress> = new TableIndex(this.holds, (r) => r.mac)
  /** By the hostname in lower case. */
  readonly machinesByHostname: IndexOn<'machines', string> = new TableIndex(this.machines, (r) =>
    r.hostname.toLowerCase(),
  )
  readonly machinesByOwner: IndexOn<'machines', UserId> = new TableIndex(
    this.machines,
    (r) => r.ownerId,
  )
  readonly machinesByStatus: IndexOn<'machines', number> = new TableIndex(
    this.machines,
    (r) => r.status,
  )
  /** By the host of the BMC (`model/bmc.ts`). */
  readonly machinesByBmc: IndexOn<'machines', string> = new TableIndex(
    this.machines,
    (r) => bmcOf(r.powerType, r.powerParameters)?.host ?? null,
  )
  readonly machineTokensByKey: IndexOn<'machineTokens', string> = new TableIndex(
    this.machineTokens,
    (r) => r.tokenKey,
  )
  readonly freeMachines = new FreeMachines(this.machines)
  readonly interfacesByMachine: IndexOn<'interfaces', SystemId> = new TableIndex(
    this.interfaces,
    (r) => r.systemId,
  )
  readonly interfacesByMac: IndexOn<'interfaces', MacAddress> = new TableIndex(
    this.interfaces,
    (r) => r.mac,
  )
  readonly interfacesByVlan: IndexOn<'interfaces', VlanId> = new TableIndex(
    this.interfaces,
    (r) => r.vlanId,
  )
  readonly blockDevicesByMachine: IndexOn<'blockDevices', SystemId> = new TableIndex(
    this.blockDevices,
    (r) => r.systemId,
  )
  /** By `<system id>/<type>`. */
  readonly scriptSetsByMachine: IndexOn<'scriptSets', string> = new TableIndex(
    this.scriptSets,
    (r) => `${r.systemId}/${r.type}`,
  )
  readonly scriptResultsBySet: IndexOn<'scriptResults', number> = new TableIndex(
    this.scriptResults,
    (r) => r.setId,
  )
  readonly scriptOutputSize = new OutputSize(this.scriptOutputs)
  readonly nodeDevicesByMachine: IndexOn<'nodeDevices', SystemId> = new TableIndex(
    this.nodeDevices,
    (r) => r.systemId,
  )
  readonly bootResourcesByName: IndexOn<'bootResources', string> = new TableIndex(
    this.bootResources,
    (r) => `${r.name} ${r.architecture}`,
  )
  readonly sessionsByNode: IndexOn<'sessions', string> = new TableIndex(
    this.sessions,
    (r) => r.nodeId,
  )
  readonly sessionOutcomesBySession: IndexOn<'sessionOutcomes', string> = new TableIndex(
    this.sessionOutcomes,
    (r) => r.session,
  )
  readonly reservesByRack: IndexOn<'reserves', SystemId> = new TableIndex(
    this.reserves,
    (r) => r.rackId,
  )
  readonly reservationsByClient: IndexOn<'reservations', ClientKey> = new TableIndex(
    this.reservations,
    (r) => r.client,
  )
  readonly observedByMac: IndexOn<'observed', MacAddress> = new TableIndex(
    this.observed,
    (r) => r.mac,
  )
  /** By the name in lower case. */
  readonly domainsByName: IndexOn<'domains', string> = new TableIndex(this.domains, (r) =>
    r.name.toLowerCase(),
  )
  readonly dnsResourcesByDomain: IndexOn<'dnsResources', DomainId> = new TableIndex(
    this.dnsResources,
    (r) => r.domainId,
  )
  readonly dnsRecordsByResource: IndexOn<'dnsRecords', DnsResourceId> = new TableIndex(
    this.dnsRecords,
    (r) => r.resourceId,
  )
  /** By `<domain id>/<name in lower case>`. */
  readonly dnsResourcesByName: IndexOn<'dnsResources', string> = new TableIndex(
    this.dnsResources,
    (r) => `${r.domainId}/${r.name.toLowerCase()}`,
  )
  readonly tagsByName: IndexOn<'tags', string> = new TableIndex(this.tags, (r) => r.name)
  /** By `<owner id>/<file name>`. */
  readonly storedFilesByName: IndexOn<'storedFiles', string> = new TableIndex(
    this.storedFiles,
    (r) => `${r.ownerId}/${r.filename}`,
  )
  readonly storedFilesByKey: IndexOn<'storedFiles', string> = new TableIndex(
    this.storedFiles,
    (r) => r.key,
  )
  readonly devicesByHostname: IndexOn<'devices', string> = new TableIndex(this.devices, (r) =>
    r.hostname.toLowerCase(),
  )
  readonly reservationsById: IndexOn<'reservations', ReservedIpId> = new TableIndex(
    this.reservations,
    (r) => r.id ?? null,
  )
  readonly reservationsByMac: IndexOn<'reservations', MacAddress> = new TableIndex(
    this.reservations,
    (r) => r.mac,
  )
  readonly staticRoutesBySource: IndexOn<'staticRoutes', SubnetId> = new TableIndex(
    this.staticRoutes,
    (r) => r.source,
  )
  readonly staticRoutesByDestination: IndexOn<'staticRoutes', SubnetId> = new TableIndex(
    this.staticRoutes,
    (r) => r.destination,
  )
  /** Dynamic and reserved ranges by address, with the number of holds and reserves in each. */
  readonly pools = new Pools(this.ipRanges, this.holds, this.reserves)
  readonly ipv6Prefixes = new Ipv6Prefixes(this.subnets)
  /** Addresses given by the API, counted by block. */
  readonly addressCounts = new AddressCounts(this.ipAddresses)

  readonly dhcpSightingsByVlan: IndexOn<'dhcpSightings', VlanId> = new TableIndex(
    this.dhcpSightings,
    (r) => r.vlanId,
  )

  /** Addresses that subnets and routes keep for themselves. */
  readonly keptAddresses = new KeptAddresses(this.subnets, this.staticRoutes)

  readonly controllerAddresses = new ControllerAddresses(this.controllers)
  /** Rows by the log time from which on they count as absent. */
  readonly holdEnds = new Deadlines(this.holds, (row) => row.until)
  readonly quarantineEnds = new Deadlines(this.quarantines, (row) => row.until)
  readonly observedEnds = new Deadlines(this.observed, (row) => row.until)
  readonly dhcpSightingEnds = new Deadlines(this.dhcpSightings, (row) => row.until)
  readonly neighbourEnds = new Deadlines(this.neighbours, (row) => row.until)
  readonly tenureEnds = new Deadlines(this.tenures, (row) => row.until)
  /** Statuses that may last never come up. */
  readonly machineDeadlines = new Deadlines(
    this.machines,
    (row) => row.life?.deadlineAt ?? Number.POSITIVE_INFINITY,
  )
  /** Files of replaced images. */
  readonly bootFileEnds = new Deadlines(
    this.bootResources,
    (row) => row.retired?.until ?? Number.POSITIVE_INFINITY,
  )
  readonly bootUploadEnds = new Deadlines(this.bootUploads, (row) => row.until)
  readonly powerIntentEnds = new Deadlines(this.powerIntents, (row) => row.deadlineAt)
  readonly chassisJobEnds = new Deadlines(this.chassisJobs, (row) => row.deadlineAt)
  readonly loginSessionEnds = new Deadlines(this.loginSessions, (row) => row.expiresAt)
  /** Tokens without an end never come up. */
  readonly accessTokenEnds = new Deadlines(
    this.accessTokens,
    (row) => row.expiresAt ?? Number.POSITIVE_INFINITY,
  )
  readonly idempotencyEnds = new Deadlines(
    this.idempotency,
    (row) => row.recordedAt + IDEMPOTENCY_KEPT_MS,
  )

  #revision = 0
  #stamp = 0
  #wall = 0

  /** Index of the last entry applied. */
  get revision(): number {
    return this.#revision
  }

  /** Log time in ms (lease-protocol §1); what `now` is for the next reader. */
  get stamp(): number {
    return this.#stamp
  }

  /** Wall time of the last command, for display. Not part of snapshots: 0 until the first command. */
  get wall(): number {
    return this.#wall
  }

  /** '' before `cluster.initialise`. */
  get clusterId(): string {
    return this.cluster.get('cluster')?.id ?? ''
  }

  /** Of the cluster: 1 until somebody raised it. */
  get featureLevel(): number {
    return this.cluster.get('cluster')?.featureLevel ?? 1
  }

  /** An entry was applied (or had nothing to apply): revision and log time move on, never back. */
  advance(revision: number, stamp: number, wall?: number): void {
    if (revision <= this.#revision) throw new Error(`revision ${revision} was applied before`)
    if (stamp < this.#stamp) throw new Error(`log time ran back from ${this.#stamp} to ${stamp}`)
    this.#revision = revision
    this.#stamp = stamp
    this.#wall = wall ?? this.#wall
  }

  /** Rebuilding from stored rows: no journal, any order. */
  load<T extends TableName>(table: T, key: TableKeys[T], row: TableRows[T]): void {
    const target = this[table] as unknown as Table<TableRows[T], TableKeys[T]>
    target.restore(key, row)
  }

  /** Rebuilding from stored rows: what they are the state of. */
  setMeta(meta: { readonly revision: number; readonly stamp: number }): void {
    this.#revision = meta.revision
    this.#stamp = meta.stamp
  }

  #table<T extends TableName>(name: T): Table<TableRows[T], TableKeys[T]> {
    return new Table(name, this.journal)
  }
}

export function emptyState(): RegionState {
  return new RegionState()
}
