// What canonical.maas, the Ansible collection, takes out of answers: dictionaries whose keys must be there, whatever is in
// them; it hands the values on. Read 2026-11 in canonical/ansible-collection.
import type { Shapes } from './shapes.ts'

export const ANSIBLE: Shapes = {
  machine: {
    ...{ fqdn: 'str', hostname: 'str', system_id: 'str', memory: 'int', cpu_count: 'int' },
    ...{ domain: '<named>', zone: '<named>', pool: '<named>', tag_names: '[str]' },
    ...{ interface_set: '[<interface>]', blockdevice_set: '[<disk>]', status_name: 'str' },
    ...{ osystem: 'str', distro_series: 'str', hwe_kernel: 'str|null', min_hwe_kernel: 'any|null' },
    ...{ power_type: 'str', architecture: 'str' },
  },
  named: { id: 'int', name: 'str' },
  interface: {
    ...{ name: 'str', id: 'int', mac_address: 'any|null', system_id: 'str', tags: '[str]' },
    ...{ effective_mtu: 'int', links: '[<link>]', vlan: '<vlan>|null' },
    discovered: '[<discovered>]?',
  },
  link: { id: 'int', mode: 'str', subnet: '<subnet>-' },
  // It looks into these without asking whether they are there.
  discovered: { subnet: '<subnet>' },
  disk: { size: 'int', id: 'int', name: 'str' },
  device: {
    ...{ name: 'str', id: 'int', system_id: 'str', model: 'any|null', serial: 'any|null' },
    ...{ id_path: 'any|null', block_size: 'int', size: 'int', tags: '[str]' },
    partitions: '[<partition>]',
  },
  partition: {
    ...{ device_id: 'int', id: 'int', system_id: 'str', size: 'int', bootable: 'bool' },
    ...{ tags: '[str]', filesystem: '<filesystem>|null' },
  },
  filesystem: {
    ...{ fstype: 'str', label: 'any|null', mount_point: 'any|null', mount_options: 'any|null' },
  },
  fabric: {
    ...{ name: 'str', id: 'int', vlans: '[<vlan>]', resource_uri: 'str', class_type: 'any|null' },
  },
  vlan: {
    ...{ name: 'any|null', id: 'int', vid: 'int', mtu: 'int', dhcp_on: 'bool', space: 'str' },
    ...{ external_dhcp: 'any|null', relay_vlan: '<relay>|null', fabric_id: 'int', fabric: 'str' },
    ...{ secondary_rack: 'any|null', primary_rack: 'any|null', resource_uri: 'str' },
  },
  relay: { id: 'int' },
  subnet: {
    ...{ id: 'int', name: 'str', cidr: 'str', vlan: '<vlan>', dns_servers: '[str]' },
    ...{ gateway_ip: 'any|null', rdns_mode: 'int', allow_dns: 'bool', allow_proxy: 'bool' },
  },
  range: {
    id: 'int',
    type: 'str',
    start_ip: 'str',
    end_ip: 'str',
    subnet: '<named>',
    comment: 'str',
  },
  space: {
    ...{ name: 'str', id: 'int', vlans: '[obj]', resource_uri: 'str', subnets: '[obj]' },
  },
  domain: { id: 'int', name: 'str', ttl: 'any|null', authoritative: 'bool', is_default: 'bool' },
  address: { fqdn: 'str', ip_addresses: '[<ip>]', address_ttl: 'any|null', id: 'int' },
  ip: { ip: 'any|null' },
  record: { fqdn: 'str', rrtype: 'str', rrdata: 'str', ttl: 'any|null', id: 'int' },
  tag: { name: 'str' },
  user: { is_superuser: 'bool', email: 'str', username: 'str', is_local: 'bool' },
  'vm-host': {
    ...{ name: 'str', id: 'int', cpu_over_commit_ratio: 'num', memory_over_commit_ratio: 'num' },
    ...{ default_macvlan_mode: 'any|null', tags: '[str]', zone: 'obj', pool: 'obj' },
  },
}
