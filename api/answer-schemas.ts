// What API 2.0 answers, for its OpenAPI document: the shapes of MAAS's objects as JSON Schema, and which operation
// answers which. Objects may have more keys than these: clients take what they know.
import { KEY_SETS } from './answer-shapes.ts'
import type { Action, Resource } from './resource.ts'

/** By the path without its parameters. */
const KINDS: Readonly<Record<string, string>> = {
  ...{ machines: 'machine', devices: 'device', fabrics: 'fabric', 'fabrics/vlans': 'vlan' },
  ...{ vlans: 'vlan', spaces: 'space', subnets: 'subnet', ipranges: 'iprange' },
  ...{ reservedips: 'reservedip', ipaddresses: 'ipaddress', domains: 'domain', zones: 'zone' },
  ...{ resourcepools: 'resourcepool', resourcepool: 'resourcepool', users: 'user', tags: 'tag' },
  ...{ 'account/prefs/sshkeys': 'sshkey', 'account/prefs/sslkeys': 'sslkey', files: 'file' },
  ...{ notifications: 'notification', 'package-repositories': 'package-repository' },
  ...{ 'license-keys': 'license-key', 'license-key': 'license-key', scripts: 'script' },
  'boot-resources': 'boot-resource',
  ...{ 'boot-sources': 'boot-source', 'boot-sources/selections': 'boot-source-selection' },
  ...{ 'dhcp-snippets': 'dhcp-snippet', version: 'version', 'static-routes': 'static-route' },
  ...{ dnsresources: 'dnsresource', dnsresourcerecords: 'dnsresourcerecord' },
  ...{ 'nodes/interfaces': 'interface' },
  ...{ 'nodes/results': 'script-set', 'nodes/devices': 'node-device' },
  ...{ 'commissioning-results': 'node-result', 'installation-results': 'node-result' },
  ...{ rackcontrollers: 'rackcontroller', regioncontrollers: 'regioncontroller' },
  ...{ 'nodes/blockdevices': 'blockdevice', 'nodes/blockdevices/partitions': 'partition' },
  ...{ 'nodes/blockdevices/partition': 'partition', 'nodes/volume-groups': 'volume-group' },
  ...{ 'nodes/volume-group': 'volume-group', 'nodes/raids': 'raid', 'nodes/raid': 'raid' },
  ...{ 'nodes/bcaches': 'bcache', 'nodes/bcache': 'bcache' },
  ...{
    'nodes/bcache-cache-sets': 'bcache-cache-set',
    'nodes/bcache-cache-set': 'bcache-cache-set',
  },
  ...{ 'nodes/vmfs-datastores': 'vmfs-datastore', 'nodes/vmfs-datastore': 'vmfs-datastore' },
}

/** Undefined where the answer is something else: a count, a text, nothing. */
export function answerSchema({ path }: Resource, action: Action): object | undefined {
  const { method, op, access } = action
  const kind = KINDS[path.replaceAll(/\{\w+\}\/?/g, '').replace(/\/$/, '')]
  // A machine that enlists itself is shown less than an administrator.
  if (kind === undefined || op !== null || method === 'DELETE') return undefined
  if (access === 'anyone' && method !== 'GET') return undefined
  const schema = refTo(kind)
  const isList = method === 'GET' && !/\}\/?$/.test(path) && kind !== 'version'
  return isList ? { type: 'array', items: schema } : schema
}

export function answerComponents(): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(KEY_SETS).map(([kind, keys]) => [kind, objectOf(keys)]))
}

function objectOf(keys: Readonly<Record<string, string>>): object {
  const properties = Object.entries(keys).map(([name, type]) => [name, typeSchema(type)])
  return { type: 'object', required: Object.keys(keys), properties: Object.fromEntries(properties) }
}

function refTo(kind: string): object {
  return { $ref: `#/components/schemas/${kind}` }
}

const TYPES: Readonly<Record<string, object>> = {
  ...{ str: { type: 'string' }, int: { type: 'integer' }, num: { type: 'number' } },
  ...{ bool: { type: 'boolean' }, null: { type: 'null' }, obj: { type: 'object' } },
  ...{ list: { type: 'array' }, '[str]': { type: 'array', items: { type: 'string' } } },
}

function typeSchema(type: string): object {
  if (type.endsWith('?')) return { anyOf: [typeSchema(type.slice(0, -1)), { type: 'null' }] }
  const [, list, object] = /^(?:\[<(.*)>\]|<(.*)>)$/.exec(type) ?? []
  if (list !== undefined) return { type: 'array', items: refTo(list) }
  if (object !== undefined) return refTo(object)
  return TYPES[type] ?? {}
}
