// Rack and region controllers as MAAS shows them (maas-api §8).
import type { Controller } from '#model/machine.ts'
import { zoneOf } from '#state/object-query.ts'
import { fqdnOf } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'
import { renderDomainOfNode } from './dns.ts'
import { hardwareInfo, NO_RESULTS } from './hardware.ts'
import { renderControllerInterface } from './interface.ts'
import { uri } from './names.ts'
import { renderZone } from './objects.ts'

export function renderController(state: RegionState, controller: Controller) {
  const { kind } = controller
  const rendered = common(state, controller)
  const resourceUri = uri(`${kind}controllers`, controller.systemId)
  if (kind === 'region') {
    const fields = { node_type: 3, node_type_name: 'Region controller' }
    return { ...rendered, ...fields, resource_uri: resourceUri }
  }
  return {
    ...rendered,
    node_type: 2,
    node_type_name: 'Rack controller',
    service_set: [
      { name: 'rackd', status: controller.connected ? 'running' : 'dead', status_info: '' },
    ],
    resource_uri: resourceUri,
  }
}

function common(state: RegionState, controller: Controller) {
  const { systemId, hostname, interfaces } = controller
  return {
    system_id: systemId,
    hostname,
    description: controller.description,
    hardware_uuid: null,
    domain: renderDomainOfNode(state, controller),
    fqdn: fqdnOf(state, controller),
    architecture: controller.architecture,
    cpu_count: controller.cpuCount,
    cpu_speed: 0,
    memory: controller.memoryMib,
    swap_size: null,
    osystem: '',
    distro_series: '',
    power_type: '',
    power_state: 'unknown',
    ip_addresses: interfaces.flatMap((nic) =>
      nic.addresses.map((address) => address.split('/', 1)[0] ?? ''),
    ),
    interface_set: interfaces.map((nic, at) =>
      renderControllerInterface(state, nic, { systemId, number: at + 1 }),
    ),
    zone: renderZone(zoneOf(state, controller)),
    status_action: null,
    version: controller.version,
    hardware_info: hardwareInfo(null),
    tag_names: controller.tagNames ?? [],
    ...NO_RESULTS,
  }
}
