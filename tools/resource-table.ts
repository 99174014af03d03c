// The nouns of the API as commands: where they live, what a table shows, what may be set.
import type { Command, Option } from './command-line.ts'

export type Resource = {
  readonly noun: string
  readonly summary: string
  /** Collection below `/MAAS/api/2.0/`, no slash at the end. */
  readonly path: string
  /** How one is named on the command line. */
  readonly id: string
  readonly query?: Readonly<Record<string, string>>
  /** `heading` or `heading:path.to.value`. */
  readonly columns: readonly string[]
  readonly wide?: readonly string[]
}

type Verb = {
  readonly noun: string
  readonly verb: 'create' | 'update' | 'delete'
  readonly summary: string
  readonly positional?: { readonly name: string; readonly field: string }
  /** Option name → field of the form is the same with underscores. */
  readonly options: readonly Option[]
}

const RESOURCES: readonly Resource[] = [
  {
    noun: 'machines',
    summary: 'machines',
    path: 'machines',
    id: 'SYSTEM_ID',
    columns: ['system_id', 'hostname', 'status:status_name', 'architecture', 'cpus:cpu_count'],
    wide: ['memory', 'mac:boot_interface.mac_address', 'addresses:ip_addresses', 'power_state'],
  },
  {
    noun: 'subnets',
    summary: 'subnets',
    path: 'subnets',
    id: 'ID',
    columns: ['id', 'cidr', 'name', 'vlan:vlan.id', 'fabric:vlan.fabric', 'gateway_ip'],
    wide: ['managed', 'dns_servers', 'space'],
  },
  {
    noun: 'fabrics',
    summary: 'fabrics',
    path: 'fabrics',
    id: 'ID',
    columns: ['id', 'name', 'class_type'],
  },
  {
    noun: 'vlans',
    summary: 'VLANs of all fabrics',
    path: 'vlans',
    id: 'ID',
    columns: ['id', 'vid', 'name', 'fabric:fabric_id', 'dhcp_on', 'primary_rack'],
    wide: ['secondary_rack', 'mtu', 'space', 'relay_vlan'],
  },
  {
    noun: 'spaces',
    summary: 'spaces',
    path: 'spaces',
    id: 'ID',
    columns: ['id', 'name'],
  },
  {
    noun: 'ipranges',
    summary: 'IP ranges',
    path: 'ipranges',
    id: 'ID',
    columns: ['id', 'type', 'start_ip', 'end_ip', 'subnet:subnet.cidr', 'comment'],
  },
  {
    noun: 'ipaddresses',
    summary: 'reserved IP addresses',
    path: 'ipaddresses',
    id: 'IP',
    columns: ['ip', 'type:alloc_type_name', 'subnet:subnet.cidr', 'owner:owner.username'],
    wide: ['created'],
  },
  {
    noun: 'users',
    summary: 'users',
    path: 'users',
    id: 'USERNAME',
    columns: ['username', 'email', 'is_superuser'],
  },
  {
    noun: 'racks',
    summary: 'rack controllers',
    path: 'rackcontrollers',
    id: 'SYSTEM_ID',
    columns: ['system_id', 'hostname', 'version', 'architecture'],
    wide: ['addresses:ip_addresses'],
  },
  {
    noun: 'regions',
    summary: 'region controllers',
    path: 'regioncontrollers',
    id: 'SYSTEM_ID',
    columns: ['system_id', 'hostname', 'version'],
    wide: ['addresses:ip_addresses'],
  },
  {
    noun: 'events',
    summary: 'events, newest first',
    path: 'events',
    id: 'ID',
    query: { op: 'query' },
    columns: ['id', 'created', 'level', 'hostname', 'type', 'description'],
  },
]

const field = (name: string, value: string, help: string): Option => ({ name, value, help })

const VERBS: readonly Verb[] = [
  {
    noun: 'machines',
    verb: 'create',
    summary: 'add a machine by hand',
    options: [
      { ...field('mac-addresses', 'MAC', 'of one interface; may be repeated'), many: true },
      field('architecture', 'ARCH', 'for instance amd64/generic'),
      field('hostname', 'NAME', 'made from the system id when absent'),
      field('power-type', 'TYPE', 'how it is powered'),
    ],
  },
  { noun: 'machines', verb: 'delete', summary: 'forget a machine', options: [] },
  {
    noun: 'subnets',
    verb: 'create',
    summary: 'add a subnet',
    positional: { name: 'CIDR', field: 'cidr' },
    options: [
      field('name', 'NAME', 'default: the CIDR'),
      field('vlan', 'ID', 'VLAN it is on'),
      field('gateway-ip', 'IP', 'router that clients are given'),
      field('dns-servers', 'IP[,IP]', 'resolvers that clients are given'),
    ],
  },
  {
    noun: 'subnets',
    verb: 'update',
    summary: 'change a subnet',
    options: [
      field('name', 'NAME', 'new name'),
      field('vlan', 'ID', 'VLAN it is on'),
      field('gateway-ip', 'IP', 'router that clients are given'),
      field('dns-servers', 'IP[,IP]', 'resolvers that clients are given'),
    ],
  },
  { noun: 'subnets', verb: 'delete', summary: 'remove a subnet', options: [] },
  {
    noun: 'ipranges',
    verb: 'create',
    summary: 'add a range; DHCP needs a dynamic one',
    options: [
      { ...field('type', 'TYPE', 'dynamic or reserved'), choices: ['dynamic', 'reserved'] },
      field('start-ip', 'IP', 'first address'),
      field('end-ip', 'IP', 'last address'),
      field('subnet', 'ID', 'default: the one that holds the addresses'),
      field('comment', 'TEXT', 'what it is for'),
    ],
  },
  { noun: 'ipranges', verb: 'delete', summary: 'remove a range', options: [] },
  {
    noun: 'vlans',
    verb: 'update',
    summary: 'change a VLAN; turns DHCP on and off',
    options: [
      { name: 'dhcp-on', help: 'let racks answer DHCP here (--no-dhcp-on ends it)' },
      field('primary-rack', 'SYSTEM_ID', 'rack that answers first'),
      field('secondary-rack', 'SYSTEM_ID', 'rack that stands in'),
      field('name', 'NAME', 'new name'),
      field('mtu', 'BYTES', 'largest packet'),
      field('space', 'NAME', 'space it belongs to'),
    ],
  },
]

const OUTPUT: readonly Option[] = [
  {
    name: 'output',
    short: 'o',
    value: 'FORM',
    choices: ['table', 'wide', 'json', 'yaml'],
    help: 'table, wide, json or yaml (default table)',
  },
  { name: 'json', help: 'the same as -o json' },
  {
    name: 'profile',
    value: 'PROFILE',
    help: 'login to use (default IRONRAFT_PROFILE, or the only)',
  },
  { name: 'url', value: 'URL[,URL]', help: 'regions to ask (default IRONRAFT_ENDPOINT)' },
]

export const RESOURCE_COMMANDS: readonly Command[] = RESOURCES.flatMap((resource) => [
  {
    path: [resource.noun, 'list'],
    summary: `list ${resource.summary}`,
    fields: true,
    options: OUTPUT,
    load: async () => {
      const { listResource } = await import('./commands/resources.ts')
      return (args, io) => listResource(resource, args, io)
    },
  },
  {
    path: [resource.noun, 'get'],
    summary: `show one of the ${resource.summary}`,
    positionals: [{ name: resource.id }],
    options: OUTPUT,
    load: async () => {
      const { getResource } = await import('./commands/resources.ts')
      return (args, io) => getResource(resource, args, io)
    },
  },
  ...VERBS.filter((verb) => verb.noun === resource.noun).map((verb) => verbCommand(resource, verb)),
])

function verbCommand(resource: Resource, { verb, summary, positional, options }: Verb): Command {
  const create = verb === 'create'
  const subject = create ? positional : { name: resource.id, field: '' }
  return {
    path: [resource.noun, verb],
    summary,
    ...(subject === undefined ? {} : { positionals: [{ name: subject.name }] }),
    fields: verb !== 'delete',
    options: [...options, ...OUTPUT],
    load: async () => {
      const { changeResource } = await import('./commands/change-resource.ts')
      const names = options.map((option) => option.name)
      const field = create ? (positional?.field ?? null) : null
      return (args, io) => changeResource({ resource, verb, names, field }, args, io)
    },
  }
}
