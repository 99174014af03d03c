// Interfaces of a machine or device: each verb names the node first, then the interface by id or name.
import { field, fields, flag, type Noun, type Verb } from './noun.ts'

const NODE = { name: 'SYSTEM_ID', field: null }
const INTERFACE = { name: 'INTERFACE', field: null }
const TUNING = [
  field('mac-address', 'MAC', 'default: that of a parent'),
  field('vlan', 'VLAN', 'id or specifier; empty for none'),
  field('mtu', 'BYTES', 'maximum transmission unit'),
  fields('tags', 'TAG', 'may be repeated'),
]
const BOND = [
  field('bond-mode', 'MODE', 'such as active-backup or 802.3ad'),
  field('bond-miimon', 'MS', 'between looks at the links'),
  field('bond-lacp-rate', 'RATE', 'slow or fast'),
  field('bond-xmit-hash-policy', 'POLICY', 'what chooses the port of a packet'),
]
const BRIDGE = [
  field('bridge-type', 'TYPE', 'standard or ovs'),
  flag('bridge-stp', 'spanning tree'),
  field('bridge-fd', 'SECONDS', 'forward delay'),
]

const ofNode = (verb: string, summary: string, more: Partial<Verb> = {}): Verb => ({
  ...{ verb, summary, on: 'collection', path: 'nodes/{}/interfaces', positionals: [NODE] },
  ...more,
})
const ofOne = (verb: string, summary: string, more: Partial<Verb> = {}): Verb => ({
  ...{ verb, summary, on: 'collection', path: 'nodes/{}/interfaces/{}' },
  positionals: [NODE, INTERFACE, ...(more.positionals ?? [])],
  ...(more.op === undefined ? {} : { op: more.op }),
  ...(more.method === undefined ? {} : { method: more.method }),
  ...(more.options === undefined ? {} : { options: more.options }),
})
const TAG = [{ name: 'TAG', field: 'tag' }]

export const INTERFACE_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'interfaces', summary: 'interfaces of a machine', path: 'nodes' },
    ...{ id: 'INTERFACE', key: 'id', get: 'none', list: 'none' },
    columns: ['id', 'name', 'type', 'mac:mac_address', 'links:links.mode', 'ip:links.ip_address'],
    wide: ['vid:vlan.vid', 'parents', 'mtu:effective_mtu', 'connected:link_connected', 'tags'],
    verbs: [
      ofNode('list', 'list the interfaces of a node', { method: 'GET' }),
      ofOne('get', 'show one of them', { method: 'GET' }),
      ofNode('create-physical', 'add a network card', {
        op: 'create_physical',
        options: [field('name', 'NAME', 'made when absent'), ...TUNING],
      }),
      ofNode('create-bond', 'make a bond', {
        op: 'create_bond',
        options: [
          field('name', 'NAME', 'needed'),
          fields('parents', 'INTERFACE', 'a port; may be repeated'),
          ...[...BOND, ...TUNING],
        ],
      }),
      ofNode('create-bridge', 'make a bridge', {
        op: 'create_bridge',
        options: [
          field('name', 'NAME', 'made when absent'),
          field('parent', 'INTERFACE', 'what it bridges'),
          ...[...BRIDGE, ...TUNING],
        ],
      }),
      ofNode('create-vlan', 'make a VLAN interface', {
        op: 'create_vlan',
        options: [field('parent', 'INTERFACE', 'what it is on'), ...TUNING],
      }),
      ofOne('update', 'change an interface', {
        options: [field('name', 'NAME', 'its new name'), ...[...TUNING, ...BOND, ...BRIDGE]],
      }),
      ofOne('delete', 'take an interface away, and what is made of it alone'),
      ofOne('link-subnet', 'link it to a subnet', {
        op: 'link_subnet',
        options: [
          field('mode', 'MODE', 'auto, dhcp, static or link_up'),
          field('subnet', 'SUBNET', 'id, CIDR or specifier'),
          field('ip-address', 'IP', 'of a static link; default the next free one'),
          flag('default-gateway', 'its gateway becomes the default one'),
          flag('force', 'drop its other links'),
        ],
      }),
      ofOne('unlink-subnet', 'take a link away', {
        op: 'unlink_subnet',
        positionals: [{ name: 'LINK_ID', field: 'id' }],
      }),
      ofOne('set-default-gateway', 'make its gateway the default one', {
        op: 'set_default_gateway',
        options: [field('link-id', 'LINK_ID', 'where it has several')],
      }),
      ofOne('disconnect', 'take its links and its VLAN away', { op: 'disconnect' }),
      ofOne('add-tag', 'give it a tag', { op: 'add_tag', positionals: TAG }),
      ofOne('remove-tag', 'take a tag from it', { op: 'remove_tag', positionals: TAG }),
    ],
  },
]
