// What libmaas, MAAS's library for Python, checks when a field is looked at. Fields that MAAS itself gives a value that
// libmaas cannot take (the UUID of a disk, the mount point of what is not mounted) are nullable here too. Read 2026-11 in
// canonical/python-libmaas.
import type { Shapes } from './shapes.ts'

const place = { id: 'int', name: 'str', description: 'str' }

export const LIBMAAS: Shapes = {
  machine: {
    ...{ architecture: 'str|null', boot_disk: '<disk>|null', boot_interface: '<interface>|null' },
    ...{ blockdevice_set: '[<disk>]', bcaches: '[obj]', cache_sets: '[obj]', cpu_count: 'int' },
    ...{ disable_ipv4: 'bool', distro_series: 'str', hwe_kernel: 'str|null', locked: 'bool' },
    ...{ memory: 'int', min_hwe_kernel: 'str|null', netboot: 'bool', osystem: 'str' },
    ...{ owner_data: 'obj', status: 'int', status_action: 'str|null', status_message: 'str|null' },
    ...{ status_name: 'str', raids: '[obj]', volume_groups: '[obj]', pod: 'obj|null' },
    ...{ domain: '<domain>', fqdn: 'str', hostname: 'str', interface_set: '[<interface>]' },
    ...{ ip_addresses: '[str]', node_type: 'int', owner: 'str|null', power_state: 'str' },
    ...{
      power_type: 'str',
      pool: '<place>',
      system_id: 'str',
      tag_names: '[str]',
      zone: '<place>',
    },
  },
  interface: {
    ...{ system_id: 'str', id: 'int', type: 'str', name: 'str', mac_address: 'str' },
    ...{ enabled: 'bool', effective_mtu: 'int', tags: '[str]', params: 'obj', parents: '[str]' },
    ...{ children: '[str]', vlan: '<vlan>|null', links: '[<link>]', discovered: '[obj]|null' },
    ...{ interface_speed: 'int', link_speed: 'int' },
  },
  link: { id: 'int', mode: 'str', subnet: '<subnet>-', ip_address: 'str-' },
  disk: {
    ...{ system_id: 'str', id: 'int', type: 'str', name: 'str', model: 'str|null' },
    ...{ serial: 'str|null', id_path: 'str|null', size: 'int', block_size: 'int' },
    ...{ uuid: 'str|null', tags: '[str]', available_size: 'int', used_size: 'int' },
    ...{ used_for: 'str', partition_table_type: 'str|null', partitions: '[<partition>]' },
    filesystem: 'obj|null',
  },
  partition: {
    ...{ device_id: 'int', system_id: 'str', id: 'int', uuid: 'str', path: 'str', size: 'int' },
    ...{ used_for: 'str', filesystem: 'obj|null' },
  },
  subnet: {
    ...{ id: 'int', cidr: 'str', name: 'str', vlan: '<vlan>', space: 'str', managed: 'bool' },
    ...{ active_discovery: 'bool', allow_proxy: 'bool', gateway_ip: 'str|null', rdns_mode: 'int' },
    dns_servers: '[str]',
  },
  vlan: {
    ...{ id: 'int', fabric_id: 'int', vid: 'int', name: 'str|null', mtu: 'int', space: 'any' },
    ...{ relay_vlan: 'obj|null', dhcp_on: 'bool', primary_rack: 'any|null' },
    ...{ secondary_rack: 'any|null', external_dhcp: 'str|null' },
  },
  fabric: { id: 'int', name: 'str', vlans: '[<vlan>]' },
  space: { id: 'int', name: 'str', vlans: '[<vlan>]' },
  place,
  domain: { id: 'int', name: 'str', authoritative: 'bool', ttl: 'int|null' },
  tag: { name: 'str', comment: 'str-', definition: 'str-', kernel_opts: 'str-' },
  user: { username: 'str', email: 'str', is_superuser: 'bool' },
  route: {
    ...{ id: 'int', destination: '<subnet>', source: '<subnet>', gateway_ip: 'str' },
    metric: 'int',
  },
  range: {
    ...{ id: 'int', start_ip: 'str', end_ip: 'str', type: 'str', comment: 'str' },
    subnet: '<subnet>',
  },
  events: { events: '[<event>]', prev_uri: 'any|null', next_uri: 'any|null' },
  event: {
    ...{ id: 'int', type: 'str', node: 'any|null', hostname: 'any|null', level: 'str' },
    ...{ created: 'event-time', description: 'str', username: 'any|null' },
  },
  resource: {
    ...{ id: 'int', type: 'str', name: 'str', architecture: 'str', subarches: 'str?' },
    sets: 'obj-',
  },
  source: {
    ...{ id: 'int', url: 'str', keyring_filename: 'str-', keyring_data: 'str-' },
    ...{ created: 'fraction-time', updated: 'fraction-time' },
  },
  key: { consumer_key: 'str', token_key: 'str', token_secret: 'str' },
}
