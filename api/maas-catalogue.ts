// What MAAS API 2.0 has (2.0 to 3.7), as facts: path pattern and its calls, `METHOD` or `METHOD:op`. A call
// that is here and not served answers 501 with its name; one that is nowhere is unknown, as in MAAS.

const CATALOGUE: Readonly<Record<string, string>> = {
  account:
    'GET:list_authorisation_tokens POST:create_authorisation_token ' +
    'POST:delete_authorisation_token POST:update_token_name',
  'account/prefs/sshkeys': 'GET:list POST:new GET POST POST:import',
  'account/prefs/sshkeys/*': 'POST:delete DELETE GET',
  'account/prefs/sslkeys': 'GET:list POST:new GET POST',
  'account/prefs/sslkeys/*': 'GET:delete DELETE GET',
  'agents/*/services/*/config': 'GET',
  'boot-resources': 'GET GET:is_importing POST POST:import POST:stop_import',
  'boot-resources/*': 'DELETE GET',
  'boot-resources/*/upload/*': 'PUT',
  'boot-sources': 'GET POST',
  'boot-sources/*': 'DELETE GET PUT',
  'boot-sources/*/selections': 'GET POST',
  'boot-sources/*/selections/*': 'DELETE GET PUT',
  'commissioning-results': 'GET:list GET',
  'commissioning-scripts': 'GET POST',
  'commissioning-scripts/*': 'DELETE GET PUT',
  devices: 'POST:create GET GET:is_registered POST POST:set_zone',
  'devices/*':
    'DELETE GET GET:details GET:power_parameters POST:restore_default_configuration ' +
    'POST:restore_networking_configuration POST:set_owner_data ' +
    'POST:set_workload_annotations PUT',
  'dhcp-snippets': 'GET POST',
  'dhcp-snippets/*': 'DELETE GET POST:revert PUT',
  discovery:
    'GET GET:by_unknown_ip GET:by_unknown_ip_and_mac GET:by_unknown_mac POST:clear ' +
    'POST:clear_by_mac_and_ip POST:scan',
  'discovery/*': 'GET',
  dnsresourcerecords: 'GET POST',
  'dnsresourcerecords/*': 'DELETE GET PUT',
  dnsresources: 'GET POST',
  'dnsresources/*': 'DELETE GET PUT',
  domains: 'GET POST POST:set_serial',
  'domains/*': 'DELETE GET POST:set_default PUT',
  events: 'GET:query',
  fabrics: 'GET POST',
  'fabrics/*': 'DELETE GET PUT',
  'fabrics/*/vlans': 'GET POST',
  'fabrics/*/vlans/*': 'DELETE GET PUT',
  fannetworks: 'GET POST',
  'fannetworks/*': 'DELETE GET PUT',
  files: 'GET:list POST:add DELETE GET GET:get GET:get_by_key POST',
  'files/*': 'POST:delete DELETE GET',
  'images-sync-progress': 'GET POST',
  'images-sync-progress/*/*': 'GET PUT',
  'installation-results': 'GET:list GET',
  ipaddresses: 'GET POST:release POST:reserve',
  ipranges: 'GET POST',
  'ipranges/*': 'DELETE GET PUT',
  'license-key/*/*': 'DELETE GET PUT',
  'license-keys': 'GET POST',
  maas: 'GET:get_config POST:set_config',
  machines:
    'POST:create GET:deployment_status ' +
    'GET GET:is_registered GET:list_allocated GET:power_parameters POST POST:accept ' +
    'POST:accept_all POST:add_chassis POST:allocate POST:clone POST:release POST:set_zone',
  'machines/*':
    'DELETE GET GET:details GET:get_curtin_config GET:get_token GET:power_parameters ' +
    'GET:query_power_state POST:abort POST:clear_default_gateways POST:commission ' +
    'POST:deploy POST:exit_rescue_mode POST:lock POST:mark_broken POST:mark_fixed ' +
    'POST:mount_special POST:override_failed_testing POST:power_off POST:power_on ' +
    'POST:release POST:rescue_mode POST:restore_default_configuration ' +
    'POST:restore_networking_configuration POST:restore_storage_configuration ' +
    'POST:set_owner_data POST:set_storage_layout POST:set_workload_annotations POST:test ' +
    'POST:unlock POST:unmount_special PUT',
  networks: 'GET POST',
  'networks/*': 'DELETE GET GET:list_connected_macs POST:connect_macs POST:disconnect_macs PUT',
  nodes: 'GET GET:is_registered POST:set_zone',
  'nodes/*': 'POST:mark_broken POST:mark_fixed PUT DELETE GET GET:details GET:power_parameters',
  'nodes/*/bcache-cache-set/*': 'DELETE GET PUT',
  'nodes/*/bcache-cache-sets': 'GET POST',
  'nodes/*/bcache/*': 'DELETE GET PUT',
  'nodes/*/bcaches': 'GET POST',
  'nodes/*/blockdevices': 'GET POST',
  'nodes/*/blockdevices/*':
    'GET:add_tag GET:remove_tag ' +
    'DELETE GET POST:add_tag POST:format POST:mount POST:remove_tag POST:set_boot_disk ' +
    'POST:unformat POST:unmount PUT',
  'nodes/*/blockdevices/*/partition/*':
    'DELETE GET POST:add_tag POST:format POST:mount POST:remove_tag POST:unformat ' +
    'POST:unmount',
  'nodes/*/blockdevices/*/partitions': 'GET POST',
  'nodes/*/devices': 'GET',
  'nodes/*/devices/*': 'DELETE GET',
  'nodes/*/interfaces':
    'GET POST:create_bond POST:create_bridge POST:create_physical POST:create_vlan',
  'nodes/*/interfaces/*':
    'DELETE GET POST:add_tag POST:disconnect POST:link_subnet POST:remove_tag ' +
    'POST:set_default_gateway POST:unlink_subnet PUT',
  'nodes/*/raid/*': 'DELETE GET PUT',
  'nodes/*/raids': 'GET POST',
  'nodes/*/results': 'GET',
  'nodes/*/results/*': 'DELETE GET GET:download PUT',
  'nodes/*/vmfs-datastore/*': 'DELETE GET PUT',
  'nodes/*/vmfs-datastores': 'GET POST',
  'nodes/*/volume-group/*': 'DELETE GET POST:create_logical_volume POST:delete_logical_volume PUT',
  'nodes/*/volume-groups': 'GET POST',
  notifications: 'GET POST',
  'notifications/*': 'DELETE GET POST:dismiss PUT',
  'package-repositories': 'GET POST',
  'package-repositories/*': 'DELETE GET PUT',
  pods: 'GET POST',
  'pods/*': 'DELETE GET:parameters POST:add_tag POST:compose POST:refresh POST:remove_tag PUT',
  rackcontrollers:
    'GET GET:describe_power_types GET:is_registered GET:power_parameters ' +
    'POST:import_boot_images POST:set_zone',
  'rackcontrollers/*':
    'POST:mark_broken POST:mark_fixed POST:refresh ' +
    'DELETE GET GET:details GET:list_boot_images GET:power_parameters ' +
    'GET:query_power_state POST:abort POST:import_boot_images ' +
    'POST:override_failed_testing POST:power_off POST:power_on POST:test PUT',
  regioncontrollers: 'GET GET:is_registered POST:set_zone',
  'regioncontrollers/*': 'DELETE GET GET:details GET:power_parameters PUT',
  reservedips: 'GET POST',
  'reservedips/*': 'DELETE GET PUT',
  'resourcepool/*': 'DELETE GET PUT',
  resourcepools: 'GET POST',
  scripts: 'GET POST',
  'scripts/*': 'DELETE GET GET:download POST:add_tag POST:remove_tag POST:revert PUT',
  spaces: 'GET POST',
  'spaces/*': 'DELETE GET PUT',
  'static-routes': 'GET POST',
  'static-routes/*': 'DELETE GET PUT',
  subnets: 'GET POST',
  'subnets/*':
    'DELETE GET GET:ip_addresses GET:reserved_ip_ranges GET:statistics ' +
    'GET:unreserved_ip_ranges PUT',
  tags: 'GET:list POST:new GET POST',
  'tags/*':
    'DELETE GET GET:devices GET:machines GET:nodes GET:rack_controllers ' +
    'GET:region_controllers POST:rebuild POST:update_nodes PUT',
  users: 'GET GET:whoami POST',
  'users/*': 'DELETE GET',
  version: 'GET',
  'virtual-machines': 'GET POST',
  'virtual-machines/*': 'DELETE GET PUT',
  'vlans/*': 'DELETE GET PUT',
  'vm-clusters': 'GET',
  'vm-clusters/*': 'DELETE PUT',
  'vm-hosts': 'GET POST',
  'vm-hosts/*': 'DELETE GET:parameters POST:add_tag POST:compose POST:refresh POST:remove_tag PUT',
  zones: 'GET POST',
  'zones/*': 'DELETE GET PUT',
}

/** Calls of the pattern that `path` (below `/MAAS/api/2.0/`, no slash at the end) fits; null when none. */
export function callsOf(path: string): ReadonlySet<string> | null {
  const parts = path.split('/')
  for (const [pattern, calls] of Object.entries(CATALOGUE)) {
    const wanted = pattern.split('/')
    const fits = wanted.every((part, at) => part === '*' || part === parts[at])
    if (fits && wanted.length === parts.length) return new Set(calls.split(' '))
  }
  return null
}
