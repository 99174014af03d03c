// What gomaasapi (v2 and v3, the library under Juju) demands of answers. Its schemas refuse what they do not know how to
// read: a missing key is the same as null, and null is refused unless the schema says so. Read 2026-11 in juju/gomaasapi.
import type { Shapes } from './shapes.ts'

export const JUJU: Shapes = {
  version: { version: 'str', subversion: 'str', capabilities: '[str]' },
  machine: {
    ...{ resource_uri: 'str', system_id: 'str', hostname: 'str', fqdn: 'str' },
    ...{ tag_names: '[str]', owner_data: '{str}', osystem: 'str', distro_series: 'str' },
    ...{ architecture: 'str?', memory: 'int', cpu_count: 'int', hardware_info: '{str}?' },
    ...{ ip_addresses: '[str]', power_state: 'str', status_name: 'str', status_message: 'str?' },
    ...{ boot_interface: '<interface>?', interface_set: '[<interface>]' },
    ...{ zone: '<place>', pool: '<place>?' },
    ...{ physicalblockdevice_set: '[<blockdevice>]', blockdevice_set: '[<blockdevice>]' },
  },
  allocation: { constraints_by_type: '<constraints>' },
  constraints: { storage: 'obj-', interfaces: 'obj-' },
  interface: {
    ...{ resource_uri: 'str', id: 'int', name: 'str', type: 'str', enabled: 'bool' },
    ...{ tags: '[str]?', vlan: '<vlan>?', links: '[<link>]', mac_address: 'str?' },
    ...{ effective_mtu: 'int', parents: '[str]', children: '[str]' },
  },
  link: { id: 'int', mode: 'str', subnet: '<subnet>-', ip_address: 'str-' },
  subnet: {
    ...{ resource_uri: 'str', id: 'int', name: 'str', space: 'str', gateway_ip: 'str?' },
    ...{ cidr: 'str', vlan: '<vlan>', dns_servers: '[str]?' },
  },
  vlan: {
    ...{ id: 'int', resource_uri: 'str', name: 'str?', fabric: 'str', vid: 'int', mtu: 'int' },
    ...{ dhcp_on: 'bool', primary_rack: 'str?', secondary_rack: 'str?' },
  },
  blockdevice: {
    ...{ resource_uri: 'str', id: 'int', uuid: 'str?', name: 'str', model: 'str?' },
    ...{ id_path: 'str?', path: 'str', used_for: 'str', tags: '[str]', block_size: 'int' },
    ...{ used_size: 'int', size: 'int', filesystem: '<filesystem>?', partitions: '[<partition>]' },
  },
  partition: {
    ...{ resource_uri: 'str', id: 'int', path: 'str', uuid: 'str?', used_for: 'str' },
    ...{ size: 'int', tags: '[str]-', filesystem: '<filesystem>?' },
  },
  filesystem: { fstype: 'str', mount_point: 'str?', label: 'str?', uuid: 'str' },
  device: {
    ...{ resource_uri: 'str', system_id: 'str', hostname: 'str', fqdn: 'str', parent: 'str?' },
    ...{ owner: 'str?', ip_addresses: '[str]', interface_set: '[<interface>]' },
    ...{ zone: '<place>', pool: '<place>?' },
  },
  // A zone and a pool alike.
  place: { name: 'str', description: 'str', resource_uri: 'str' },
  space: { resource_uri: 'str', id: 'int', name: 'str', subnets: '[<subnet>]' },
  fabric: {
    ...{ resource_uri: 'str', id: 'int', name: 'str', class_type: 'str?', vlans: '[<vlan>]' },
  },
  domain: {
    ...{ authoritative: 'bool', resource_record_count: 'int', ttl: 'int?', resource_uri: 'str' },
    ...{ id: 'int', name: 'str' },
  },
  route: {
    ...{ resource_uri: 'str', id: 'int', source: '<subnet>', destination: '<subnet>' },
    ...{ gateway_ip: 'str', metric: 'int' },
  },
  tag: {
    ...{ resource_uri: 'str', name: 'str', comment: 'str-', definition: 'str-' },
    kernel_opts: 'str-',
  },
  resource: {
    ...{ resource_uri: 'str', id: 'int', name: 'str', type: 'str', architecture: 'str' },
    ...{ subarches: 'str-', kflavor: 'str-' },
  },
  file: { resource_uri: 'str', filename: 'str', anon_resource_uri: 'str', content: 'str-' },
}
