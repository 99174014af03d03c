// Which part of the state concerns one rack (D7): pure. A change of the topology is answered by a whole
// new view, everything that happens often — holds, addresses, machines — row by row.
import type { MachineBoot } from '#model/boot.ts'
import type { SubnetId, SystemId, VlanId } from '#model/ids.ts'
import { contains } from '#model/ipv4.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import { POWER_QUERY_SECONDS } from '#model/power-poll.ts'
import { isIpv4Range, isIpv4Subnet, racksOf, type Ipv4Subnet, type Subnet } from '#model/network.ts'
import type {
  DnsSettings,
  DnsSubnet,
  RackSettings,
  RackSnippet,
  RackVlan,
  ViewChange,
} from '#protocol/rack.ts'
import type { Change } from '#state/outcome.ts'
import { defaultDomainOf, defaultTtlOf, SERIAL_COUNTER, serialOffsetOf } from '#state/query-dns.ts'
import { textOf } from '#state/object-query.ts'
import { interfacesOf, liveRacks, machineBootOf } from '#state/query.ts'
import { rackPlacesByVlan, rackPlacesOf, regionApisOf } from '#state/rack-places.ts'
import type { RegionState } from '#state/state.ts'

/** Where the site says nothing; a sighting lasts three of them. */
const DHCP_PROBE_SECONDS = 300

/** Tables whose changes make a new view: who serves what where. */
const TOPOLOGY = new Set<Change['table']>([
  'fabrics',
  'vlans',
  'subnets',
  'ipRanges',
  'controllers',
  'settings',
  'cluster',
])

export function isTopology(change: Change): boolean {
  if (change.table === 'counters') return change.key === SERIAL_COUNTER
  return TOPOLOGY.has(change.table)
}

/**
 * What a topology change would alter for this rack, as text: beats and foreign settings leave it alone,
 * and then no new view is sent.
 */
export function topologyFingerprint(state: RegionState, rackId: SystemId): string {
  return JSON.stringify(topologyRows(state, rackId).rows)
}

/** Everything `rackId` needs to serve its VLANs, and what DNS needs of the whole cluster, in table order. */
export function fullView(state: RegionState, rackId: SystemId): readonly ViewChange[] {
  const { rows, subnets } = topologyRows(state, rackId)
  const inside = (ip: Ipv4): boolean => subnets.some((subnet) => contains(subnet.cidr, ip))
  for (const ip of new Set([...state.quarantines.keys(), ...state.observed.keys()])) {
    if (inside(ip)) rows.push(barredRow(state, ip))
  }
  for (const row of state.reserves.values()) {
    if (inside(row.ip)) rows.push({ table: 'reserves', key: row.ip, row })
  }
  const tenure = state.tenures.get(rackId)
  if (tenure !== undefined) rows.push({ table: 'tenures', key: rackId, row: tenure })
  for (const row of state.bootResources.values()) {
    rows.push({ table: 'bootResources', key: row.id, row })
  }
  for (const row of state.powerIntents.values()) {
    rows.push({ table: 'powerIntents', key: row.systemId, row })
  }
  for (const { id } of state.chassisJobs.values()) rows.push(chassisRow(state, id))
  rows.push(liveRacksRow(state), ...nameRows(state), ...dhcpRows(state))
  return rows
}

/** Its parameters hold secrets. */
function chassisRow(state: RegionState, id: number): ViewChange {
  const job = state.chassisJobs.get(id)
  if (job === undefined) return { table: 'chassisJobs', key: id, row: null }
  const { chassisType, rackId, claim } = job
  const row = { id, chassisType, rackId, token: claim?.token ?? null }
  return { table: 'chassisJobs', key: id, row }
}

export function liveRacksRow(state: RegionState): ViewChange {
  return { table: 'liveRacks', key: 'all', row: { racks: liveRacks(state) } }
}

/** Who serves what where, and what was set for clients: a view without addresses and names. */
export function servingView(state: RegionState, rackId: SystemId): readonly ViewChange[] {
  return [...topologyRows(state, rackId).rows, ...dhcpRows(state)]
}

/** All of them: they are few, and which are for a rack's clients is found by looking them up there. */
function dhcpRows(state: RegionState): readonly ViewChange[] {
  const rows: ViewChange[] = []
  for (const row of state.dhcpOptions.values()) {
    rows.push({ table: 'dhcpOptions', key: row.id, row })
  }
  for (const { id } of state.dhcpSnippets.values()) rows.push(snippetRow(state, id))
  for (const row of state.scans.values()) rows.push({ table: 'scans', key: row.name, row })
  return rows.filter(({ row }) => row !== null)
}

function snippetRow(state: RegionState, id: number): ViewChange {
  const snippet = state.dhcpSnippets.get(id)
  const table = 'dhcpSnippets' as const
  if (snippet?.enabled !== true) return { table, key: id, row: null }
  const { name, subnetId, ipRangeId, systemId } = snippet
  const nics = systemId === null ? [] : interfacesOf(state, systemId)
  const macs = systemId === null ? null : nics.flatMap(({ mac }) => mac ?? [])
  const row: RackSnippet = { id, name, value: textOf(snippet), subnetId, ipRangeId, macs }
  return { table, key: id, row }
}

/** Of nodes whose interfaces changed; of every node when one is gone, as the row no longer says whose it was. */
function snippetsOfNodes(state: RegionState, systemIds: ReadonlySet<SystemId | null>): number[] {
  const ids: number[] = []
  for (const { id, systemId } of state.dhcpSnippets.values()) {
    if (systemId !== null && (systemIds.has(systemId) || systemIds.has(null))) ids.push(id)
  }
  return ids
}

/** What the names of the whole cluster are made of (D9). */
export function dnsView(state: RegionState): readonly ViewChange[] {
  return [{ table: 'settings', key: 'rack', row: settingsOf(state) }, ...nameRows(state)]
}

/** Of a batch; settings only when they may have changed. */
export function dnsChanges(state: RegionState, changes: readonly Change[]): readonly ViewChange[] {
  const rows = viewChanges(state, changes)
  if (!changes.some(isTopology)) return rows
  return [{ table: 'settings', key: 'rack', row: settingsOf(state) }, ...rows]
}

/** What answers of DNS depend on whatever the question: settings, zones, which subnets have reverse ones. */
export function dnsBasics(state: RegionState): readonly ViewChange[] {
  return [{ table: 'settings', key: 'rack', row: settingsOf(state) }, ...zoneRows(state)]
}

function zoneRows(state: RegionState): ViewChange[] {
  const rows: ViewChange[] = []
  for (const row of state.domains.values()) rows.push({ table: 'domains', key: row.id, row })
  for (const subnet of state.subnets.values()) {
    rows.push({ table: 'dnsSubnets', key: subnet.id, row: dnsSubnetOf(subnet) })
  }
  return rows
}

function nameRows(state: RegionState): readonly ViewChange[] {
  const rows = zoneRows(state)
  for (const row of state.dnsResources.values()) {
    rows.push({ table: 'dnsResources', key: row.id, row })
  }
  for (const row of state.dnsRecords.values()) {
    rows.push({ table: 'dnsRecords', key: row.id, row })
  }
  for (const { systemId } of state.machines.values()) {
    const row = machineBootOf(state, systemId)
    if (row !== undefined) rows.push({ table: 'machineBoots', key: systemId, row })
  }
  for (const row of state.ipAddresses.values()) {
    rows.push({ table: 'ipAddresses', key: row.ip, row })
  }
  for (const row of state.reservations.values()) {
    rows.push({ table: 'reservations', key: row.ip, row })
  }
  for (const row of state.holds.values()) rows.push({ table: 'holds', key: row.ip, row })
  return rows
}

function dnsSubnetOf({ id, cidr, rdnsMode, allowDns }: Subnet): DnsSubnet {
  return { id, cidr, rdnsMode, allowDns }
}

/** The rows of a batch without topology changes that a rack gets; the same for every rack. */
export function viewChanges(state: RegionState, changes: readonly Change[]): readonly ViewChange[] {
  const rows: ViewChange[] = []
  const machines = new Set<SystemId>()
  const nodes = new Set<SystemId | null>()
  const snippets = new Set<number>()
  for (const change of changes) {
    const { table } = change
    if (table === 'machines') machines.add(String(change.key) as SystemId)
    else if (table === 'tags') addTagged(machines, state, change.row?.name)
    else if (table === 'quarantines' || table === 'observed') {
      rows.push(barredRow(state, Number(change.key) as Ipv4))
    } else if (table === 'interfaces') {
      nodes.add(change.row?.systemId ?? null)
      if (change.row !== null) machines.add(change.row.systemId)
    } else if (table === 'chassisJobs') {
      rows.push(chassisRow(state, Number(change.key)))
    } else if (table === 'dhcpSnippets') snippets.add(Number(change.key))
    else if (
      table === 'holds' ||
      table === 'dhcpOptions' ||
      table === 'scans' ||
      table === 'ipAddresses' ||
      table === 'tenures' ||
      table === 'reserves' ||
      table === 'reservations' ||
      table === 'bootResources' ||
      table === 'domains' ||
      table === 'dnsResources' ||
      table === 'dnsRecords' ||
      table === 'powerIntents'
    ) {
      rows.push(change)
    } else if (table === 'subnets') {
      const row = change.row === null ? null : dnsSubnetOf(change.row)
      rows.push({ table: 'dnsSubnets', key: change.key, row })
    }
  }
  for (const systemId of machines) {
    const row: MachineBoot | undefined = machineBootOf(state, systemId)
    rows.push({ table: 'machineBoots', key: systemId, row: row ?? null })
  }
  if (nodes.size > 0) for (const id of snippetsOfNodes(state, nodes)) snippets.add(id)
  for (const id of snippets) rows.push(snippetRow(state, id))
  return rows
}

/** Kernel options come from tags. A deleted one has left the rows of its machines, which are in the same batch. */
function addTagged(into: Set<SystemId>, state: RegionState, name: string | undefined): void {
  if (name === undefined) return
  for (const { systemId, tagNames } of state.machines.values()) {
    if (tagNames.includes(name)) into.add(systemId)
  }
}

/** To a rack a declined address and one that somebody else uses are alike: it offers neither. */
export function barredRow(state: RegionState, ip: Ipv4): ViewChange & { table: 'quarantines' } {
  const rows = [state.quarantines.get(ip), state.observed.get(ip)].filter(
    (row) => row !== undefined,
  )
  const row = rows.toSorted((a, b) => b.until - a.until)[0] ?? null
  return { table: 'quarantines', key: ip, row }
}

function topologyRows(
  state: RegionState,
  rackId: SystemId,
): { readonly rows: ViewChange[]; readonly subnets: readonly Ipv4Subnet[] } {
  const vlans = vlansOf(state, rackId)
  const vlanIds = new Set(vlans.map((vlan) => vlan.id))
  const subnets = [...state.subnets.values()]
    .filter((subnet) => vlanIds.has(subnet.vlanId))
    .filter(isIpv4Subnet)
  const subnetIds = new Set<SubnetId>(subnets.map((subnet) => subnet.id))
  const rows: ViewChange[] = [{ table: 'settings', key: 'rack', row: settingsOf(state) }]
  for (const row of vlans) rows.push({ table: 'vlans', key: row.id, row })
  for (const row of subnets) rows.push({ table: 'subnets', key: row.id, row })
  for (const row of state.ipRanges.values()) {
    if (!subnetIds.has(row.subnetId) || !isIpv4Range(row)) continue
    rows.push({ table: 'ipRanges', key: row.id, row })
  }
  return { rows, subnets }
}

function vlansOf(state: RegionState, rackId: SystemId): readonly RackVlan[] {
  const controller = state.controllers.get(rackId)
  if (controller === undefined) return []
  const names = new Map<VlanId, string[]>()
  for (const { name, vlanId } of controller.interfaces) {
    if (vlanId !== null) names.set(vlanId, [...(names.get(vlanId) ?? []), name])
  }
  const places = rackPlacesByVlan(state)
  const rows: RackVlan[] = []
  for (const vlan of state.vlans.values()) {
    const interfaceNames = names.get(vlan.id)
    // A rack also needs the VLANs it only relays for: those whose relay points at one of its own.
    const relayed = vlan.relayVlanId !== null && names.has(vlan.relayVlanId)
    if (interfaceNames === undefined && !relayed) continue
    const liveRacks = racksOf(vlan).filter((id) => state.controllers.get(id)?.connected === true)
    const rackPlaces = rackPlacesOf(places, vlan)
    rows.push({ ...vlan, liveRacks, interfaceNames: interfaceNames ?? [], rackPlaces })
  }
  return rows
}

function settingsOf(state: RegionState): RackSettings {
  const regions = [...state.controllers.values()].filter(({ kind }) => kind === 'region')
  const number = (name: string, otherwise: number): number => {
    const value = state.settings.get(name)?.value
    return typeof value === 'number' ? value : otherwise
  }
  return {
    clusterId: state.clusterId,
    regionPeers: regions.flatMap(({ peerAddress }) => (peerAddress === null ? [] : [peerAddress])),
    regionApis: regionApisOf(state),
    featureLevel: state.featureLevel,
    leaseSeconds: number('dhcp_lease_seconds', 600),
    firmwareLeaseSeconds: number('dhcp_firmware_lease_seconds', 30),
    domainName: defaultDomainOf(state).name,
    dhcpProbeSeconds: number('dhcp_probe_seconds', DHCP_PROBE_SECONDS),
    powerQuerySeconds: number('power_query_seconds', POWER_QUERY_SECONDS),
    answerRouterSolicitations: state.settings.get('answer_router_solicitations')?.value === true,
    dns: dnsSettingsOf(state),
    ...bootSettingsOf(state),
    ...(state.settings.get('network_discovery')?.value === 'disabled'
      ? {}
      : { discovery: { scanSeconds: number('active_discovery_interval', 10_800) } }),
  }
}

/** Of Debian only: its images are those whose initrd our boot scripts know. */
function bootSettingsOf(
  state: RegionState,
): Pick<RackSettings, 'ephemeralImage' | 'kernelOptions'> {
  const series = state.settings.get('commissioning_distro_series')?.value
  const options = state.settings.get('kernel_opts')?.value
  return {
    ...(typeof series === 'string' && series !== '' ? { ephemeralImage: `debian/${series}` } : {}),
    ...(typeof options === 'string' && options !== '' ? { kernelOptions: options } : {}),
  }
}

function dnsSettingsOf(state: RegionState): DnsSettings {
  const list = (name: string): readonly string[] => {
    const value = state.settings.get(name)?.value
    return typeof value === 'string' ? value.split(/[\s,]+/).filter((part) => part !== '') : []
  }
  return {
    defaultDomain: defaultDomainOf(state).name,
    defaultTtl: defaultTtlOf(state),
    serialOffset: serialOffsetOf(state),
    upstream: list('upstream_dns'),
    trusted: list('dns_trusted_acl'),
  }
}
