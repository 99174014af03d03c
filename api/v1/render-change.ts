// Changes of the replicated state as JSON for watchers: snake_case, addresses as text. Tables with secrets
// or with nothing but our own bookkeeping are never shown; secret fields are left out.
import { formatIp, formatIpCidr, parseIp, type Ip, type IpCidr } from '#model/ip.ts'
import type { Change, ChangeBatch } from '#state/outcome.ts'
import type { TableName } from '#state/tables.ts'

/** Every table says whether it is shown, and as what; null: never. */
const TABLES: Readonly<Record<TableName, string | null>> = {
  users: 'users',
  controllers: 'controllers',
  fabrics: 'fabrics',
  vlans: 'vlans',
  spaces: 'spaces',
  subnets: 'subnets',
  ipRanges: 'ip_ranges',
  ipAddresses: 'ip_addresses',
  holds: 'leases',
  quarantines: 'quarantines',
  observed: 'observed_addresses',
  machines: 'machines',
  interfaces: 'interfaces',
  blockDevices: 'block_devices',
  machineStorage: 'machine_storage',
  bootResources: 'boot_resources',
  events: 'events',
  settings: 'settings',
  reservations: 'reserved_ips',
  staticRoutes: 'static_routes',
  members: 'members',
  domains: 'domains',
  dnsResources: 'dns_resources',
  dnsRecords: 'dns_records',
  zones: 'zones',
  resourcePools: 'resource_pools',
  tags: 'tags',
  packageRepositories: 'package_repositories',
  scripts: 'scripts',
  bootSources: 'boot_sources',
  bootSourceSelections: 'boot_source_selections',
  dhcpSnippets: 'dhcp_snippets',
  devices: 'devices',
  auditEvents: 'audit_events',
  powerIntents: 'power_intents',
  scriptSets: 'script_sets',
  scriptResults: 'script_results',
  hardwareDetails: 'hardware_details',
  nodeDevices: 'node_devices',
  sshKeys: 'ssh_keys',
  sslKeys: 'ssl_keys',
  accessTokens: 'access_tokens',
  dhcpOptions: 'dhcp_options',
  dhcpSightings: 'dhcp_sightings',
  neighbours: 'neighbours',
  imageImports: 'image_imports',
  // Secrets.
  apiKeys: null,
  joinTokens: null,
  loginSessions: null,
  licenseKeys: null,
  machineTokens: null,
  chassisJobs: null,
  powerFarewells: null,
  // Of one user each; user data is the owner's.
  deployments: null,
  storedFiles: null,
  notifications: null,
  // Our own bookkeeping.
  sessions: null,
  sessionOutcomes: null,
  idempotency: null,
  counters: null,
  cluster: null,
  machineWork: null,
  // Long, and machines write them: they are read where the result is.
  scriptOutputs: null,
  bootUploads: null,
  bootFileHolders: null,
  tenures: null,
  reserves: null,
  scans: null,
}

/** What a client may ask for by `kinds`. */
export const SHOWN_TABLES: ReadonlySet<string> = new Set(
  Object.values(TABLES).filter((name) => name !== null),
)

/** `parameters` of scripts may be passwords. */
const SECRET = new Set(['passwordHash', 'powerParameters', 'digest', 'parameters'])
/** Long texts that a watcher reads where the object is. */
const LONG = new Set(['history', 'keyringData'])
const SECRET_SETTINGS = new Set(['vcenter_password', 'maas_auto_ipmi_k_g_bmc_key'])
const ADDRESS = new Set(['ip', 'start', 'end', 'gatewayIp'])
const KEYED_BY_ADDRESS = new Set<TableName>([
  'ipAddresses',
  'holds',
  'quarantines',
  'reservations',
  'observed',
])
/** Lists of them; a member's or controller's are text already. */
const ADDRESSES = new Set(['addresses', 'reserved'])

/** Null when nothing of the batch may be shown. `kinds` null: everything. */
export function renderBatch(
  batch: ChangeBatch,
  kinds: ReadonlySet<string> | null = null,
): string | null {
  const changes = batch.changes.flatMap((change) => renderChange(change, kinds) ?? [])
  if (changes.length === 0) return null
  const { revision, stamp, wall } = batch
  const time = new Date(wall).toISOString()
  return JSON.stringify({ revision, stamp, time, changes })
}

function renderChange({ table, key, row }: Change, kinds: ReadonlySet<string> | null) {
  const name = TABLES[table]
  if (name === null || (kinds !== null && !kinds.has(name))) return null
  if (table === 'settings' && SECRET_SETTINGS.has(String(key))) return null
  const shownKey = KEYED_BY_ADDRESS.has(table) ? formatIp(key as Ip) : key
  return { table: name, key: shownKey, row: row === null ? null : renderRow(row) }
}

/** Fields in order of their names: how a row came to this node must not show in what it tells. */
function renderRow(row: object): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {}
  for (const [field, value] of sortedEntries(row)) {
    if (SECRET.has(field) || LONG.has(field)) continue
    shown[snakeCase(field)] = renderField(field, value)
  }
  return shown
}

function sortedEntries(row: object): [string, unknown][] {
  return (Object.entries(row) as [string, unknown][]).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function renderField(field: string, value: unknown): unknown {
  if (ADDRESS.has(field)) return renderAddress(value)
  if (ADDRESSES.has(field) && Array.isArray(value)) return value.map(renderAddress)
  if (field === 'cidr') return formatIpCidr(value as IpCidr)
  // Owner data has free keys: they stay as they are.
  if (field === 'ownerData') return isRow(value) ? Object.fromEntries(sortedEntries(value)) : value
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (isRow(item) ? renderRow(item) : item))
  }
  return isRow(value) ? renderRow(value) : value
}

function renderAddress(value: unknown): unknown {
  if (typeof value === 'number') return formatIp(value as Ip)
  // Of IPv6 as rows have it, or an address that is text everywhere.
  const ip = typeof value === 'string' ? parseIp(value) : undefined
  return ip === undefined ? value : formatIp(ip)
}

function isRow(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
