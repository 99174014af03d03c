// Keys and types of script sets, their results and found devices (maas-api §8), in the notation of `answer-shapes.ts`.
export const RESULT_KEY_SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'script-set': {
    ...{ id: 'int', system_id: 'str', type: 'int', type_name: 'str', last_ping: 'str?' },
    ...{ status: 'int', status_name: 'str', started: 'str', ended: 'str', runtime: 'str' },
    ...{ results: '[<script-result>]', resource_uri: 'str' },
  },
  'script-result': {
    ...{ id: 'int', name: 'str', created: 'str', updated: 'str', status: 'int' },
    ...{ status_name: 'str', exit_status: 'int?', started: 'str?', ended: 'str?' },
    ...{ runtime: 'str', starttime: 'num?', endtime: 'num?', estimated_runtime: 'str' },
    ...{ parameters: 'obj', script_id: 'int?', script_revision_id: 'int?', suppressed: 'bool' },
  },
  'node-result': {
    ...{ name: 'str', script_result: 'int?', result_type: 'int', updated: 'str', created: 'str' },
    ...{ node: 'obj', data: 'str', resource_uri: 'str' },
  },
  'node-device': {
    ...{ id: 'int', bus: 'int', bus_name: 'str', hardware_type: 'int', hardware_type_name: 'str' },
    ...{ system_id: 'str', numa_node: 'int', physical_blockdevice: 'obj?' },
    ...{ physical_interface: 'obj?', vendor_id: 'str', product_id: 'str', vendor_name: 'str' },
    ...{ product_name: 'str', commissioning_driver: 'str', bus_number: 'int' },
    ...{ device_number: 'int', pci_address: 'str?', resource_uri: 'str' },
  },
}
