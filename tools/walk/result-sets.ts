// Results of operations that are no object of their own (maas-api §8.1), in the notation of `api/answer-shapes.ts`.
export const RESULT_SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // One key more than MAAS shows: what can be set can be read.
  'own-domain': {
    ...{ id: 'int', name: 'str', ttl: 'int?', authoritative: 'bool', is_default: 'bool' },
    ...{ resource_record_count: 'int', resource_uri: 'str', forward_dns_servers: '[str]' },
  },
  discovery: {
    ...{ discovery_id: 'str', ip: 'str', mac_address: 'str', mac_organization: 'str?' },
    ...{ last_seen: 'str', hostname: 'str?', fabric_name: 'str', vid: 'int', observer: 'obj' },
    resource_uri: 'str',
  },
  describe: { doc: 'str', hash: 'str', resources: '[<described>]' },
  described: { name: 'str', anon: '<described-half>?', auth: '<described-half>?' },
  'described-half': {
    ...{ name: 'str', doc: 'str', path: 'str', uri: 'str', params: '[str]' },
    actions: '[<described-action>]',
  },
  'described-action': { name: 'str', method: 'str', op: 'str?', restful: 'bool', doc: 'str' },
  'api-key': { token_key: 'str', token_secret: 'str', consumer_key: 'str', name: 'str' },
  'listed-key': { name: 'str', token: 'str' },
  'event-page': { count: 'int', events: '[<event>]', next_uri: 'str?', prev_uri: 'str?' },
  'file-content': {
    ...{ filename: 'str', anon_resource_uri: 'str', resource_uri: 'str', content: 'str' },
  },
  'commissioning-script': { name: 'str', content: 'str', resource_uri: 'str' },
  'tag-counts': { added: 'int', removed: 'int' },
  rebuilding: { rebuilding: 'str' },
  range: { start: 'str', end: 'str', num_addresses: 'int' },
  'used-range': { start: 'str', end: 'str', num_addresses: 'int', purpose: '[str]' },
  statistics: {
    ...{ num_available: 'int', largest_available: 'int', num_unavailable: 'int' },
    ...{ total_addresses: 'int', usage: 'num', usage_string: 'str', available_string: 'str' },
    ...{ first_address: 'str', last_address: 'str', ip_version: 'int' },
    ...{ ranges: '[<used-range>]', suggested_gateway: 'str?', suggested_dynamic_range: '<range>?' },
  },
  'subnet-address': {
    ...{ ip: 'str', alloc_type: 'int', alloc_type_name: 'str', created: 'str', updated: 'str' },
    user: 'str',
  },
  network: {
    ...{ name: 'str', ip: 'str', netmask: 'str', vlan_tag: 'int?', description: 'str' },
    ...{ default_gateway: 'str?', dns_servers: 'str', resource_uri: 'str' },
  },
  scan: {
    ...{ result: 'str', scan_attempted_on: '[str]', failed_to_connect_to: '[str]' },
    ...{ scan_started_on: '[str]', scan_failed_on: '[str]', rpc_call_timed_out_on: '[str]' },
    failures: 'list',
  },
  'power-state': { state: 'str' },
  'power-type': {
    ...{ driver_type: 'str', name: 'str', description: 'str', chassis: 'bool' },
    ...{ fields: '[<power-field>]', queryable: 'bool', missing_packages: '[str]' },
  },
  'power-field': {
    ...{ name: 'str', label: 'str', field_type: 'str', choices: 'list', default: 'str' },
    ...{ required: 'bool', scope: 'str', secret: 'bool' },
  },
  'boot-resource-sets': {
    ...{ id: 'int', type: 'str', name: 'str', architecture: 'str', resource_uri: 'str' },
    ...{ subarches: 'str', title: 'str', sets: 'obj' },
  },
  'boot-images': { images: '[<boot-image>]', connected: 'bool', status: 'str' },
  'boot-image': { name: 'str', architecture: 'str', subarches: '[str]' },
}
