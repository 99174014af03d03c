// What gomaasclient, under the Terraform provider, decodes answers into. Go's structs take an absent key and null for
// anything, and fail on every other type. What the provider reads from them must be there. Read 2026-11 in
// canonical/gomaasclient and canonical/terraform-provider-maas 2.4.
import type { Shapes } from './shapes.ts'

const STATUS_KEYS = ['commissioning', 'testing', 'cpu_test', 'memory_test', 'storage_test']
const ALL_STATUS_KEYS = [...STATUS_KEYS, 'network_test', 'interface_test', 'other_test']
const statuses = Object.fromEntries(
  ALL_STATUS_KEYS.flatMap((name) => [
    [`${name}_status`, 'int?'],
    [`${name}_status_name`, 'str?'],
  ]),
)
const results = {
  ...{ current_testing_result_id: 'int?', current_commissioning_result_id: 'int?' },
  current_installation_result_id: 'int?',
}
const identity = {
  ...{ system_id: 'str', hostname: 'str', fqdn: 'str', description: 'str?', owner: 'str?' },
  ...{ domain: '<domain>', zone: '<zone>', tag_names: '[str]?', resource_uri: 'str' },
  ...{ ip_addresses: '[ip]', interface_set: '[<interface>]', node_type: 'int?' },
  node_type_name: 'str?',
}
const hardware = {
  ...{ architecture: 'str?', cpu_count: 'int?', cpu_speed: 'int?', memory: 'int?' },
  ...{ swap_size: 'int?', power_type: 'str?', power_state: 'str?', hardware_uuid: 'str?' },
  ...{ hardware_info: '{str}?', version: 'str?', osystem: 'str?', distro_series: 'str?' },
  ...{ service_set: '[<service>]?', status_action: 'str?' },
}
const blockDevice = {
  ...{ filesystem: '<filesystem>?', path: 'str', model: 'str?', resource_uri: 'str' },
  ...{ partition_table_type: 'str?', uuid: 'str?', serial: 'str?', id_path: 'str?' },
  ...{ used_for: 'str?', firmware_version: 'str?', system_id: 'str', storage_pool: 'str?' },
  ...{ type: 'str?', name: 'str', partitions: '[<partition>]?', tags: '[str]?', size: 'int' },
  ...{ id: 'int', block_size: 'int?', used_size: 'int?', available_size: 'int?' },
  numa_node: 'int?',
}
const place = { name: 'str', description: 'str?', resource_uri: 'str', id: 'int' }

export const GOMAASCLIENT: Shapes = {
  version: { version: 'str', subversion: 'str?', capabilities: '[str]?' },
  machine: {
    ...{ ...identity, ...hardware, ...statuses, ...results },
    ...{ next_sync: 'time?', last_sync: 'time?', sync_interval: 'int?', owner_data: 'any?' },
    ...{ workload_annotations: '{str}?', pod: '<machine-pod>?', status: 'int', status_name: 'str' },
    ...{ status_message: 'str?', min_hwe_kernel: 'str?', hwe_kernel: 'str?' },
    ...{ bios_boot_method: 'str?', pool: '<pool>', special_filesystems: '[<filesystem>]?' },
    ...{ virtualblockdevice_set: '[<blockdevice>]?', iscsiblockdevice_set: '[<blockdevice>]?' },
    ...{ physicalblockdevice_set: '[<blockdevice>]?', blockdevice_set: '[<blockdevice>]?' },
    ...{ raids: '[<stub>]?', bcaches: '[<stub>]?', volume_groups: '[<stub>]?' },
    ...{ cache_sets: '[<stub>]?', numanode_set: '[<numa>]?', default_gateways: '<gateways>?' },
    ...{ boot_disk: '<blockdevice>?', boot_interface: '<interface>?', address_ttl: 'int?' },
    ...{ storage: 'num?', enable_hw_sync: 'bool?', disable_ipv4: 'bool?', netboot: 'bool?' },
    ...{ locked: 'bool?', ephemeral_deploy: 'bool?' },
  },
  stub: { system_id: 'str?', id: 'int?', __incomplete__: 'bool?' },
  'machine-pod': { name: 'str?', resource_uri: 'str?', id: 'int?' },
  service: { name: 'str?', status: 'str?', status_info: 'str?' },
  numa: { index: 'int?', memory: 'int?', cores: '[int]?', hugepages_set: '[<hugepages>]?' },
  hugepages: { page_size: 'int?', total: 'int?' },
  gateways: { ipv4: '<gateway>?', ipv6: '<gateway>?' },
  gateway: { gateway_ip: 'ip?', link_id: 'int?' },
  rack: { ...identity, ...hardware, ...statuses, ...results },
  device: {
    ...{ ...identity, owner_data: 'any?', workload_annotations: '{str}?', parent: 'str?' },
    address_ttl: 'int?',
  },
  interface: {
    ...{ params: 'any?', name: 'str', product: 'str?', mac_address: 'str?', type: 'str' },
    ...{ firmware_version: 'str?', vendor: 'str?', system_id: 'str?', resource_uri: 'str' },
    ...{ links: '[<link>]?', parents: '[str]?', children: '[str]?', tags: '[str]?' },
    ...{ discovered: '[<discovered>]?', vlan: '<vlan>?', numa_node: 'int?', link_speed: 'int?' },
    ...{ effective_mtu: 'int', sriov_max_vf: 'int?', interface_speed: 'int?', id: 'int' },
    ...{ enabled: 'bool?', link_connected: 'bool?' },
  },
  // Resources that look into the parameters panic when they are no object.
  made: { params: 'obj', parents: '[str]', id: 'int', resource_uri: 'str' },
  link: { ip_address: 'str?', mode: 'str', subnet: '<subnet>?', id: 'int' },
  discovered: { ip_address: 'str?', subnet: '<subnet>?' },
  blockdevice: blockDevice,
  raiddevice: { ...blockDevice, path: 'str?', device_id: 'int?', name: 'str?', bootable: 'bool?' },
  partition: {
    ...{ filesystem: '<filesystem>?', uuid: 'str?', system_id: 'str', used_for: 'str?' },
    ...{ type: 'str?', path: 'str', resource_uri: 'str', tags: '[str]?', size: 'int' },
    ...{ id: 'int', device_id: 'int', bootable: 'bool' },
  },
  filesystem: {
    ...{ fstype: 'str', uuid: 'str?', mount_point: 'str?', label: 'str?', mount_options: 'str?' },
  },
  raid: {
    ...{ uuid: 'str?', name: 'str', level: 'str', human_size: 'str?', resource_uri: 'str' },
    ...{ system_id: 'str', devices: '[<raiddevice>]?', spare_devices: '[<raiddevice>]?' },
    ...{ virtual_device: '<blockdevice>?', id: 'int', size: 'num?' },
  },
  'volume-group': {
    ...{ devices: 'any?', resource_uri: 'str', human_size: 'str?', uuid: 'str?' },
    ...{ human_available_size: 'str?', system_id: 'str?', human_used_size: 'str?', name: 'str' },
    ...{ logical_volumes: '[<blockdevice>]?', size: 'int', used_size: 'int?', id: 'int' },
    available_size: 'int?',
  },
  bcache: {
    ...{ human_size: 'str?', uuid: 'str?', name: 'str', system_id: 'str', cache_mode: 'str?' },
    ...{ resource_uri: 'str', virtual_device: '<blockdevice>?', id: 'int', size: 'int?' },
    ...{ backing_device: '<raiddevice>?', cache_set: '<cache-set>?' },
  },
  'cache-set': {
    ...{ name: 'str?', system_id: 'str?', resource_uri: 'str', id: 'int' },
    cache_device: '<raiddevice>?',
  },
  fabric: { name: 'str', class_type: 'str?', resource_uri: 'str', vlans: '[<vlan>]?', id: 'int' },
  vlan: {
    ...{ relay_vlan: '<vlan>?', name: 'str?', external_dhcp: 'str?', description: 'str?' },
    ...{ primary_rack: 'str?', secondary_rack: 'str?', space: 'str?', fabric: 'str' },
    ...{ resource_uri: 'str', mtu: 'int', fabric_id: 'int', vid: 'int', id: 'int' },
    dhcp_on: 'bool',
  },
  subnet: {
    ...{ space: 'str?', cidr: 'str', name: 'str', resource_uri: 'str', description: 'str?' },
    ...{ gateway_ip: 'ip?', dns_servers: '[ip]?', disabled_boot_architectures: '[str]?' },
    ...{ vlan: '<vlan>', id: 'int', rdns_mode: 'int', allow_dns: 'bool', managed: 'bool' },
    ...{ active_discovery: 'bool?', allow_proxy: 'bool' },
  },
  space: {
    ...{ name: 'str', resource_uri: 'str', subnets: '[<subnet>]?', vlans: '[<vlan>]?', id: 'int' },
  },
  iprange: {
    ...{ type: 'str', comment: 'str?', resource_uri: 'str', user: '<user>?', start_ip: 'ip' },
    ...{ end_ip: 'ip', subnet: '<subnet>', id: 'int' },
  },
  address: {
    ...{ alloc_type_name: 'str?', created: 'str?', resource_uri: 'str?', owner: '<user>?' },
    ...{ ip: 'ip?', interface_set: '[<interface>]?', subnet: '<subnet>?', alloc_type: 'int?' },
  },
  reservedip: {
    ...{ comment: 'str?', ip: 'str', mac_address: 'str?', resource_uri: 'str', id: 'int' },
    subnet: '<subnet>?',
  },
  route: {
    ...{ gateway_ip: 'str', resource_uri: 'str', destination: '<subnet>', source: '<subnet>' },
    ...{ id: 'int', metric: 'int?' },
  },
  domain: {
    ...{ name: 'str', resource_uri: 'str', id: 'int', ttl: 'int?', is_default: 'bool?' },
    ...{ resource_record_count: 'int?', authoritative: 'bool?' },
  },
  dnsresource: {
    ...{ fqdn: 'str', resource_uri: 'str', ip_addresses: '[<address>]?', id: 'int' },
    ...{ resource_records: '[<dnsrecord>]?', address_ttl: 'int?' },
  },
  dnsrecord: {
    ...{ rrtype: 'str', rrdata: 'str', fqdn: 'str', resource_uri: 'str', id: 'int', ttl: 'int?' },
  },
  zone: place,
  pool: place,
  tag: {
    ...{ name: 'str', definition: 'str?', comment: 'str?', kernel_opts: 'str?' },
    resource_uri: 'str',
  },
  user: {
    ...{ username: 'str', email: 'str?', resource_uri: 'str?', is_superuser: 'bool?' },
    is_local: 'bool?',
  },
  'boot-resource': {
    ...{ sets: 'obj?', type: 'str', name: 'str', architecture: 'str', base_image: 'str?' },
    ...{ resource_uri: 'str', last_deployed: 'str?', subarches: 'str?', title: 'str?', id: 'int' },
  },
  'power-state': { state: 'str' },
  token: { token_key: 'str?', token_secret: 'str?', consumer_key: 'str?' },
  events: { next_uri: 'str?', prev_uri: 'str?', events: '[<event>]', count: 'int' },
  event: {
    ...{ username: 'str?', node: 'str?', hostname: 'str?', created: 'str', type: 'str' },
    ...{ description: 'str', level: 'str', id: 'int' },
  },
  result: {
    ...{ system_id: 'str?', type_name: 'str?', status_name: 'str?', started: 'str?' },
    ...{ ended: 'str?', last_ping: 'str?', runtime: 'str?', resource_uri: 'str?', status: 'int?' },
    ...{ results: '[<script-result>]?', type: 'int?', id: 'int' },
  },
  'script-result': {
    ...{ created: 'str?', name: 'str', started: 'str?', ended: 'str?', runtime: 'str?' },
    ...{ estimated_runtime: 'str?', updated: 'str?', status_name: 'str?', status: 'int?' },
    ...{ id: 'int?', script_id: 'int?', script_revision_id: 'int?', exit_status: 'int?' },
    suppressed: 'bool?',
  },
  statistics: {
    ...{ usage_string: 'str?', available_string: 'str?', first_address: 'ip?' },
    ...{ last_address: 'ip?', num_available: 'int?', largest_available: 'int?' },
    ...{ num_unavailable: 'int?', total_addresses: 'int?', usage: 'num?', ip_version: 'int?' },
  },
  range: { start: 'ip', end: 'ip', num_addresses: 'int' },
  'used-range': { start: 'ip', end: 'ip', num_addresses: 'int', purpose: '[str]' },
  'subnet-address': {
    ...{ created: 'str?', updated: 'str?', user: 'str?', ip: 'ip', alloc_type: 'int?' },
    node_summary: 'obj?',
  },
  script: {
    ...{ packages: 'any?', results: 'any?', parameters: 'any?', type_name: 'str?' },
    ...{ hardware_type_name: 'str?', parallel_name: 'str?', timeout: 'str', resource_uri: 'str' },
    ...{ name: 'str', description: 'str?', title: 'str?', for_hardware: '[str]?', tags: '[str]?' },
    ...{ history: '[<script-version>]', hardware_type: 'int', type: 'int', parallel: 'int' },
    ...{ id: 'int', apply_configured_networking: 'bool?', default: 'bool?', may_reboot: 'bool?' },
    ...{ recommission: 'bool?', destructive: 'bool?' },
  },
  'script-version': { comment: 'str?', created: 'str?', data: 'str?', id: 'int' },
  'boot-source': {
    ...{ created: 'str', updated: 'str', url: 'str', keyring_filename: 'str?', id: 'int' },
    ...{ keyring_data: 'str?', resource_uri: 'str' },
  },
  selection: {
    ...{ os: 'str', release: 'str', resource_uri: 'str', arches: '[str]', subarches: '[str]' },
    ...{ labels: '[str]', id: 'int', boot_source_id: 'int' },
  },
  repository: {
    ...{ name: 'str', url: 'str', key: 'str?', resource_uri: 'str', distributions: '[str]?' },
    ...{ disabled_pockets: '[str]?', disabled_components: '[str]?', components: '[str]?' },
    ...{ arches: '[str]?', id: 'int', disable_sources: 'bool?', enabled: 'bool?' },
  },
  'listed-key': { name: 'str', token: 'str' },
  'vm-host': { id: 'int', name: 'str', type: 'str', resource_uri: 'str' },
}
