// Keys and types of disks and of what is made of them, in the notation of `answer-shapes.ts`; a member of something is
// a block device or a partition, so that lists of members are just lists.
export const STORAGE_KEY_SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  blockdevice: {
    ...{ system_id: 'str', id: 'int', name: 'str', uuid: 'str?', type: 'str', path: 'str' },
    ...{ model: 'str?', serial: 'str?', id_path: 'str?', size: 'int', block_size: 'int' },
    ...{ available_size: 'int', used_size: 'int', used_for: 'str', tags: '[str]' },
    ...{ filesystem: '<filesystem>?', partition_table_type: 'str?', partitions: '[<partition>]' },
    ...{ firmware_version: 'str?', storage_pool: 'str?', numa_node: 'int?', resource_uri: 'str' },
  },
  partition: {
    ...{ system_id: 'str', device_id: 'int', id: 'int', uuid: 'str', path: 'str', type: 'str' },
    ...{ size: 'int', bootable: 'bool', filesystem: '<filesystem>?', used_for: 'str' },
    ...{ tags: '[str]', resource_uri: 'str' },
  },
  filesystem: {
    ...{ fstype: 'str', label: 'str', uuid: 'str', mount_point: 'str?', mount_options: 'str?' },
  },
  'volume-group': {
    ...{ system_id: 'str', id: 'int', uuid: 'str', name: 'str', devices: 'list', size: 'int' },
    ...{ human_size: 'str', available_size: 'int', human_available_size: 'str' },
    ...{ used_size: 'int', human_used_size: 'str', logical_volumes: '[<blockdevice>]' },
    resource_uri: 'str',
  },
  raid: {
    ...{ system_id: 'str', id: 'int', uuid: 'str', name: 'str', level: 'str', devices: 'list' },
    ...{ spare_devices: 'list', size: 'int', human_size: 'str' },
    ...{ virtual_device: '<blockdevice>', resource_uri: 'str' },
  },
  bcache: {
    ...{ system_id: 'str', id: 'int', uuid: 'str', name: 'str', size: 'int', human_size: 'str' },
    ...{ cache_set: '<bcache-cache-set>', backing_device: 'obj', cache_mode: 'str' },
    ...{ virtual_device: '<blockdevice>', resource_uri: 'str' },
  },
  'bcache-cache-set': {
    ...{ system_id: 'str', id: 'int', name: 'str', cache_device: 'obj', resource_uri: 'str' },
  },
  'vmfs-datastore': {
    ...{ system_id: 'str', id: 'int', uuid: 'str', name: 'str', devices: 'list', size: 'int' },
    ...{ human_size: 'str', filesystem: '<filesystem>', resource_uri: 'str' },
  },
}
