// Fabrics, VLANs, spaces, subnets and the addresses in them.
import { field, flag, removal, type Noun } from './noun.ts'

const NAME = field('name', 'NAME', 'its name')
const DESCRIPTION = field('description', 'TEXT', 'what it is for')
const COMMENT = field('comment', 'TEXT', 'what it is for')

const SUBNET_FIELDS = [
  field('name', 'NAME', 'default: the CIDR'),
  DESCRIPTION,
  field('vlan', 'ID', 'VLAN it is on'),
  field('gateway-ip', 'IP', 'router that clients are given'),
  field('dns-servers', 'IP[,IP]', 'resolvers that clients are given'),
  flag('managed', 'addresses are allocated here (--no-managed: only in reserved ranges)'),
  flag('allow-dns', 'clients here may ask our DNS'),
  field('rdns-mode', 'N', 'reverse zones: 0 none, 1 the subnet, 2 also classless ones'),
]
const VLAN_FIELDS = [
  NAME,
  DESCRIPTION,
  field('mtu', 'BYTES', 'largest packet'),
  field('space', 'NAME', 'space it belongs to'),
]
const ROUTE_FIELDS = [
  field('source', 'SUBNET', 'whose machines use the route'),
  field('destination', 'SUBNET', 'where to'),
  field('gateway-ip', 'IP', 'next hop, inside the source'),
  field('metric', 'N', 'smaller is preferred'),
]

export const NETWORK_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'subnets', summary: 'subnets', path: 'subnets', id: 'ID', key: 'id' },
    columns: ['id', 'cidr', 'name', 'vlan:vlan.id', 'fabric:vlan.fabric', 'gateway_ip'],
    wide: ['managed', 'dns_servers', 'space'],
    tables: ['subnets', 'vlans'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a subnet', options: SUBNET_FIELDS },
        positionals: [{ name: 'CIDR', field: 'cidr' }],
      },
      {
        ...{ verb: 'update', summary: 'change a subnet' },
        options: [field('cidr', 'CIDR', 'new range of addresses'), ...SUBNET_FIELDS],
      },
      removal('remove a subnet', [flag('force', 'also one with addresses in use')]),
      {
        ...{ verb: 'statistics', op: 'statistics', method: 'GET' },
        summary: 'how full it is',
        columns: ['total:total_addresses', 'used:num_unavailable', 'usage:usage_string'],
      },
      {
        ...{ verb: 'free-ranges', op: 'unreserved_ip_ranges', method: 'GET' },
        summary: 'what may still be allocated',
        columns: ['start', 'end', 'addresses:num_addresses'],
      },
      {
        ...{ verb: 'used-ranges', op: 'reserved_ip_ranges', method: 'GET' },
        summary: 'what is taken, and for what',
        columns: ['start', 'end', 'addresses:num_addresses', 'purpose'],
      },
      {
        ...{ verb: 'addresses', op: 'ip_addresses', method: 'GET' },
        summary: 'addresses in use and by whom',
        columns: ['ip', 'type:alloc_type', 'user', 'node:node_summary.hostname', 'created'],
      },
    ],
  },
  {
    ...{ noun: 'fabrics', summary: 'fabrics', path: 'fabrics', id: 'ID', key: 'id' },
    columns: ['id', 'name', 'class_type', 'vlans:vlans.vid'],
    wide: ['description'],
    tables: ['fabrics'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a fabric' },
        options: [NAME, DESCRIPTION, field('class-type', 'TEXT', 'kind of network')],
      },
      {
        ...{ verb: 'update', summary: 'change a fabric' },
        options: [NAME, DESCRIPTION, field('class-type', 'TEXT', 'kind of network')],
      },
      removal('remove a fabric'),
    ],
  },
  {
    ...{ noun: 'vlans', summary: 'VLANs of all fabrics', path: 'vlans', id: 'ID', key: 'id' },
    columns: ['id', 'vid', 'name', 'fabric:fabric_id', 'dhcp_on', 'primary_rack'],
    wide: ['secondary_rack', 'mtu', 'space', 'relay_vlan'],
    tables: ['vlans'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a VLAN to a fabric', path: 'fabrics/{}/vlans' },
        positionals: [
          { name: 'FABRIC', field: null },
          { name: 'VID', field: 'vid' },
        ],
        options: VLAN_FIELDS,
      },
      {
        ...{ verb: 'update', summary: 'change a VLAN; turns DHCP on and off' },
        options: [
          flag('dhcp-on', 'let racks answer DHCP here (--no-dhcp-on ends it)'),
          field('primary-rack', 'SYSTEM_ID', 'rack that answers first'),
          field('secondary-rack', 'SYSTEM_ID', 'rack that stands in'),
          field('further-racks', 'SYSTEM_ID[,…]', 'racks that stand in after those'),
          field('relay-vlan', 'ID', 'VLAN whose racks answer for this one'),
          ...VLAN_FIELDS,
        ],
      },
      removal('remove a VLAN'),
    ],
  },
  {
    ...{ noun: 'spaces', summary: 'spaces', path: 'spaces', id: 'ID', key: 'id' },
    columns: ['id', 'name', 'description'],
    tables: ['spaces'],
    verbs: [
      { verb: 'create', summary: 'add a space', options: [NAME, DESCRIPTION] },
      { verb: 'update', summary: 'change a space', options: [NAME, DESCRIPTION] },
      removal('remove a space'),
    ],
  },
  {
    ...{ noun: 'ipranges', summary: 'IP ranges', path: 'ipranges', id: 'ID', key: 'id' },
    columns: ['id', 'type', 'start_ip', 'end_ip', 'subnet:subnet.cidr', 'comment'],
    tables: ['ip_ranges'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a range; DHCP needs a dynamic one' },
        options: [
          { ...field('type', 'TYPE', 'dynamic or reserved'), choices: ['dynamic', 'reserved'] },
          field('start-ip', 'IP', 'first address'),
          field('end-ip', 'IP', 'last address'),
          field('subnet', 'ID', 'default: the one that holds the addresses'),
          COMMENT,
        ],
      },
      {
        ...{ verb: 'update', summary: 'change a range' },
        options: [
          field('start-ip', 'IP', 'first address'),
          field('end-ip', 'IP', 'last address'),
          COMMENT,
        ],
      },
      removal('remove a range'),
    ],
  },
  {
    ...{ noun: 'ipaddresses', summary: 'reserved IP addresses', path: 'ipaddresses', id: 'IP' },
    ...{ key: 'ip', get: 'single' },
    columns: ['ip', 'type:alloc_type_name', 'subnet:subnet.cidr', 'owner:owner.username'],
    wide: ['created'],
    tables: ['ip_addresses'],
    verbs: [
      {
        ...{ verb: 'reserve', op: 'reserve', on: 'collection' },
        summary: 'take one: the next free of a subnet, or this one',
        options: [
          field('subnet', 'CIDR', 'take the next free of it'),
          field('ip', 'IP', 'take this one'),
          field('hostname', 'NAME', 'DNS name of it'),
          field('mac', 'MAC', 'interface it is for'),
        ],
      },
      {
        ...{ verb: 'explain', on: 'collection', path: 'explain/address/{}', api: 'v1' },
        ...{ method: 'GET', summary: 'who has one, and whether it would be given' },
        positionals: [{ name: 'IP', field: null }],
        columns: [
          ...['ip', 'subnet:subnet.cidr', 'range:range.type', 'kept:kept_as'],
          ...['by_name:by_name.given', 'by_dhcp:by_dhcp.given', 'reason:by_name.reason'],
        ],
      },
      {
        ...{ verb: 'release', op: 'release', on: 'collection', summary: 'give one back' },
        positionals: [{ name: 'IP', field: 'ip' }],
        options: [flag('force', "also another user's (superusers)")],
      },
    ],
  },
  {
    ...{ noun: 'reservedips', summary: 'addresses reserved for a MAC', path: 'reservedips' },
    ...{ id: 'ID', key: 'id' },
    columns: ['id', 'ip', 'mac_address', 'comment'],
    tables: ['reserved_ips'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'give a machine always the same address' },
        positionals: [{ name: 'IP', field: 'ip' }],
        options: [
          field('mac-address', 'MAC', 'whose it is'),
          field('subnet', 'ID', 'default: the one that holds the address'),
          COMMENT,
        ],
      },
      { verb: 'update', summary: 'change the comment', options: [COMMENT] },
      removal('end a reservation'),
    ],
  },
  {
    ...{ noun: 'static-routes', summary: 'static routes', path: 'static-routes' },
    ...{ id: 'ID', key: 'id' },
    tables: ['static_routes'],
    columns: ['id', 'source:source.cidr', 'destination:destination.cidr', 'gateway_ip', 'metric'],
    verbs: [
      { verb: 'create', summary: 'add a route', options: ROUTE_FIELDS },
      { verb: 'update', summary: 'change a route', options: ROUTE_FIELDS },
      removal('remove a route'),
    ],
  },
  {
    ...{ noun: 'dhcp-snippets', summary: 'DHCP snippets', path: 'dhcp-snippets' },
    ...{ id: 'ID', key: 'id' },
    tables: ['dhcp_snippets'],
    columns: ['id', 'name', 'enabled', 'global:global_snippet', 'subnet:subnet.cidr'],
    wide: ['node:node.hostname', 'value'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add options for DHCP clients' },
        positionals: [{ name: 'NAME', field: 'name' }],
        options: [
          field('value', 'TEXT', 'the options'),
          DESCRIPTION,
          flag('enabled', 'in force (default)'),
          flag('global-snippet', 'for every subnet'),
          field('subnet', 'ID', 'for one subnet'),
          field('node', 'SYSTEM_ID', 'for one machine'),
        ],
      },
      {
        ...{ verb: 'update', summary: 'change one; the old text is kept' },
        options: [field('value', 'TEXT', 'the options'), DESCRIPTION, flag('enabled', 'in force')],
      },
      {
        ...{ verb: 'revert', op: 'revert', summary: 'go back to an older text' },
        options: [field('to', 'N', 'id of the text, or how many back as -1, -2 …')],
      },
      removal('remove a snippet'),
    ],
  },
  {
    ...{ noun: 'discoveries', summary: 'what racks saw on the wire', path: 'discovery' },
    ...{ id: 'ID', key: 'discovery_id' },
    columns: ['ip', 'mac:mac_address', 'hostname', 'seen:last_seen', 'by:observer.hostname'],
    verbs: [
      {
        ...{ verb: 'clear', op: 'clear', on: 'collection', summary: 'forget them' },
        options: [
          flag('all', 'everything'),
          flag('mdns', 'names heard by mDNS'),
          flag('neighbours', 'neighbours seen by ARP'),
        ],
      },
    ],
  },
]
