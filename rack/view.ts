// The part of the state that concerns this rack, as the region pushed it: tables by name, with the lookups
// the services need. Its revision never goes back: a region that lags behind the one followed before sends
// a view this rack has already seen past, and only what is newer counts (D7).
import type { MachineBoot } from '#model/boot.ts'
import type { SubnetId, VlanId } from '#model/ids.ts'
import { isIpv4 } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import {
  isIpv4Reservation,
  type ClientKey,
  type Hold,
  type IpAddress,
  type Ipv4Reservation,
  type Ipv4Subnet,
  type Ipv4SubnetRange,
} from '#model/network.ts'
import type { Clock } from '#model/ports.ts'
import type { RackSettings, RackVlan, RegionToRack, ViewChange } from '#protocol/rack.ts'
import type { ViewRows, ViewTable } from '#protocol/rack.ts'

type ViewKey = string | number
type Tables = { readonly [T in ViewTable]: Map<ViewKey, ViewRows[T]> }
/** `changes` null: the whole view is another. */
type ViewListener = (tables: ReadonlySet<ViewTable>, changes: readonly ViewChange[] | null) => void

/** A whole view as values, for the disk. */
export type ViewDump = {
  readonly revision: number
  readonly stamp: number
  readonly rows: readonly ViewChange[]
}

export class RackView {
  readonly #clock: Clock
  readonly #listeners = new Set<ViewListener>()
  #tables = emptyTables()
  #revision = 0
  #stamp = 0
  #stampedAtMs = 0
  #heardAtMs: number | undefined
  #subnetsByVlan: Map<VlanId, Ipv4Subnet[]> | undefined
  #rangesBySubnet: Map<SubnetId, Ipv4SubnetRange[]> | undefined
  #vlansByInterface: Map<string, RackVlan> | undefined
  readonly #machinesByMac = new Map<MacAddress, Map<ViewKey, MachineBoot>>()
  readonly #holdsByClient = new Map<ClientKey, Map<ViewKey, Hold>>()
  readonly #linkedByMac = new Map<MacAddress, Set<Ipv4>>()
  #reservationsByClient: Map<ClientKey, Ipv4Reservation[]> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Log index of the last change applied, 0 for no view at all. */
  get revision(): number {
    return this.#revision
  }

  /** Log time at that revision. */
  get stamp(): number {
    return this.#stamp
  }

  /** Log time now, as far as this rack's clock can tell. */
  logTimeMs(): number {
    return this.#stamp + (this.#clock.monotonicMs() - this.#stampedAtMs)
  }

  /** Since a region sent or confirmed the view; undefined when none did since this process started. */
  ageMs(): number | undefined {
    return this.#heardAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#heardAtMs
  }

  table<T extends ViewTable>(name: T): ReadonlyMap<ViewKey, ViewRows[T]> {
    return this.#tables[name]
  }

  settings(): RackSettings | undefined {
    return this.#tables.settings.get('rack')
  }

  /** Called after each applied message with the tables it touched. Returns what ends it. */
  onChange(listener: ViewListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The region followed has a leader and sent nothing newer: what is here is current. */
  confirm(): void {
    if (this.#heardAtMs !== undefined) this.#heardAtMs = this.#clock.monotonicMs()
  }

  /** Other messages, and views older than this one, are ignored. */
  apply(message: RegionToRack): void {
    if (message.type === 'viewReset') this.#reset(message)
    else if (message.type === 'viewChanges') this.#change(message)
  }

  /** From the disk, at start. */
  load(dump: ViewDump): void {
    if (dump.revision < this.#revision) return
    this.#replace(dump)
    this.#heardAtMs = undefined
  }

  dump(): ViewDump {
    const rows = TABLES.flatMap((table) =>
      [...this.#tables[table]].map(([key, row]) => ({ table, key, row }) as ViewChange),
    )
    return { revision: this.#revision, stamp: this.#stamp, rows }
  }

  subnetsOfVlan(id: VlanId): readonly Ipv4Subnet[] {
    this.#subnetsByVlan ??= groupBy(this.#tables.subnets.values(), ({ vlanId }) => vlanId)
    return this.#subnetsByVlan.get(id) ?? []
  }

  rangesOfSubnet(id: SubnetId): readonly Ipv4SubnetRange[] {
    this.#rangesBySubnet ??= groupBy(this.#tables.ipRanges.values(), ({ subnetId }) => subnetId)
    return this.#rangesBySubnet.get(id) ?? []
  }

  /** The VLAN an interface of this rack is on. */
  vlanOfInterface(name: string): RackVlan | undefined {
    this.#vlansByInterface ??= new Map(
      [...this.#tables.vlans.values()].flatMap((vlan) =>
        vlan.interfaceNames.map((each) => [each, vlan] as const),
      ),
    )
    return this.#vlansByInterface.get(name)
  }

  /** Ended ones included: whether a hold is live depends on log time. */
  holdsOfClient(client: ClientKey): readonly Hold[] {
    return [...(this.#holdsByClient.get(client)?.values() ?? [])]
  }

  reservationsOfClient(client: ClientKey): readonly Ipv4Reservation[] {
    this.#reservationsByClient ??= groupBy(
      [...this.#tables.reservations.values()].filter(isIpv4Reservation),
      (row) => row.client,
    )
    return this.#reservationsByClient.get(client) ?? []
  }

  /** IPv4 addresses of the links of the interface, ascending: every rack offers the same one. */
  linkedAddressesOf(mac: MacAddress): readonly Ipv4[] {
    return [...(this.#linkedByMac.get(mac) ?? [])].toSorted((a, b) => a - b)
  }

  /** While a MAC moves, two machines may have it for a moment: then the one that got it last. */
  machineOfMac(mac: MacAddress): MachineBoot | undefined {
    return [...(this.#machinesByMac.get(mac)?.values() ?? [])].at(-1)
  }

  /** Through the address's hold; undefined for addresses that DHCP did not give. */
  machineOfAddress(ip: Ipv4): MachineBoot | undefined {
    const hold = this.#tables.holds.get(ip)
    return hold === undefined ? undefined : this.machineOfMac(hold.mac)
  }

  #reset(message: Extract<RegionToRack, { type: 'viewReset' }>): void {
    this.#heardAtMs = this.#clock.monotonicMs()
    // Another cluster counts its own revisions (restored into a new cluster id).
    if (message.revision < this.#revision && !this.#isOtherCluster(message.rows)) return
    this.#replace(message)
  }

  #isOtherCluster(rows: readonly ViewChange[]): boolean {
    const own = this.settings()?.clusterId
    const settings = rows.find(({ table }) => table === 'settings')
    const sent = settings?.table === 'settings' ? settings.row?.clusterId : undefined
    return own !== undefined && sent !== undefined && own !== sent
  }

  #replace(dump: ViewDump): void {
    this.#tables = emptyTables()
    this.#machinesByMac.clear()
    this.#holdsByClient.clear()
    this.#linkedByMac.clear()
    for (const change of dump.rows) this.#put(change)
    this.#finish(dump, new Set(TABLES), null)
  }

  #change(message: Extract<RegionToRack, { type: 'viewChanges' }>): void {
    this.#heardAtMs = this.#clock.monotonicMs()
    if (message.revision <= this.#revision) return
    for (const change of message.changes) this.#put(change)
    const { changes } = message
    this.#finish(message, new Set(changes.map(({ table }) => table)), changes)
  }

  #put(change: ViewChange): void {
    if (change.table === 'machineBoots') this.#indexMachine(change)
    else if (change.table === 'holds') this.#indexHold(change)
    else if (change.table === 'ipAddresses') this.#indexLink(change)
    // One table and its row belong together by the type of ViewChange; TypeScript cannot follow it here.
    const table = this.#tables[change.table] as Map<ViewKey, unknown> | undefined
    if (change.row === null) table?.delete(change.key)
    else table?.set(change.key, change.row)
  }

  #indexHold(change: Extract<ViewChange, { table: 'holds' }>): void {
    const before = this.#tables.holds.get(change.key)
    if (before !== undefined) {
      const holds = this.#holdsByClient.get(before.client)
      holds?.delete(change.key)
      if (holds?.size === 0) this.#holdsByClient.delete(before.client)
    }
    if (change.row === null) return
    const holds = this.#holdsByClient.get(change.row.client)
    if (holds === undefined) {
      this.#holdsByClient.set(change.row.client, new Map([[change.key, change.row]]))
    } else {
      holds.set(change.key, change.row)
    }
  }

  #indexLink({ key, row }: Extract<ViewChange, { table: 'ipAddresses' }>): void {
    const before = linkOf(this.#tables.ipAddresses.get(key) ?? null)
    if (before !== undefined) {
      const linked = this.#linkedByMac.get(before.mac)
      linked?.delete(before.ip)
      if (linked?.size === 0) this.#linkedByMac.delete(before.mac)
    }
    const after = linkOf(row)
    if (after === undefined) return
    const linked = this.#linkedByMac.get(after.mac)
    if (linked === undefined) this.#linkedByMac.set(after.mac, new Set([after.ip]))
    else linked.add(after.ip)
  }

  #indexMachine({ key, row }: Extract<ViewChange, { table: 'machineBoots' }>): void {
    for (const mac of this.#tables.machineBoots.get(key)?.macs ?? []) {
      const machines = this.#machinesByMac.get(mac)
      machines?.delete(key)
      if (machines?.size === 0) this.#machinesByMac.delete(mac)
    }
    if (row === null) return
    for (const mac of row.macs) {
      const machines = this.#machinesByMac.get(mac)
      if (machines === undefined) this.#machinesByMac.set(mac, new Map([[key, row]]))
      else machines.set(key, row)
    }
  }

  #finish(
    dump: Omit<ViewDump, 'rows'>,
    tables: ReadonlySet<ViewTable>,
    changes: readonly ViewChange[] | null,
  ): void {
    this.#revision = dump.revision
    this.#stamp = dump.stamp
    this.#stampedAtMs = this.#clock.monotonicMs()
    if (tables.has('subnets')) this.#subnetsByVlan = undefined
    if (tables.has('ipRanges')) this.#rangesBySubnet = undefined
    if (tables.has('vlans')) this.#vlansByInterface = undefined
    if (tables.has('reservations')) this.#reservationsByClient = undefined
    for (const listener of this.#listeners) listener(tables, changes)
  }
}

const TABLES = [
  'vlans',
  'subnets',
  'ipRanges',
  'ipAddresses',
  'holds',
  'quarantines',
  'machineBoots',
  'bootResources',
  'settings',
  'tenures',
  'reserves',
  'reservations',
  'domains',
  'dnsResources',
  'dnsRecords',
  'dnsSubnets',
  'dhcpOptions',
  'dhcpSnippets',
  'scans',
  'powerIntents',
  'liveRacks',
  'chassisJobs',
] as const satisfies readonly ViewTable[]

function emptyTables(): Tables {
  return {
    vlans: new Map(),
    subnets: new Map(),
    ipRanges: new Map(),
    ipAddresses: new Map(),
    holds: new Map(),
    quarantines: new Map(),
    machineBoots: new Map(),
    bootResources: new Map(),
    settings: new Map(),
    tenures: new Map(),
    reserves: new Map(),
    reservations: new Map(),
    domains: new Map(),
    dnsResources: new Map(),
    dnsRecords: new Map(),
    dnsSubnets: new Map(),
    dhcpOptions: new Map(),
    dhcpSnippets: new Map(),
    scans: new Map(),
    powerIntents: new Map(),
    liveRacks: new Map(),
    chassisJobs: new Map(),
  }
}

function linkOf(
  row: IpAddress | null,
): { readonly mac: MacAddress; readonly ip: Ipv4 } | undefined {
  if (row === null || row.mac === null || row.interfaceId === undefined) return undefined
  return isIpv4(row.ip) ? { mac: row.mac, ip: row.ip } : undefined
}

function groupBy<Row, Key>(rows: Iterable<Row>, keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group === undefined) groups.set(keyOf(row), [row])
    else group.push(row)
  }
  return groups
}
