// A machine as MAAS shows it: all 82 keys of maas-api §8, because strict clients fail on an absent one. Keys
// of parts that do not exist yet have the value MAAS gives to a machine that never had them.
import { formatIp } from '#model/ip.ts'
import { lifeOf } from '#model/life-cycle.ts'
import { MACHINE_STATUS, MACHINE_STATUS_NAMES, type Machine } from '#model/machine.ts'
import { defaultGateways } from '#state/interface-query.ts'
import { poolOf, zoneOf } from '#state/object-query.ts'
import { fqdnOf } from '#state/query-dns.ts'
import { addressesOf, interfacesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { renderDomainOfNode } from './dns.ts'
import { hardwareInfo } from './hardware.ts'
import { interfaceText, renderInterface } from './interface.ts'
import { keyOf, keysOf, listOf, objectOf } from './json-text.ts'
import { uri } from './names.ts'
import { numaNodes } from './node-device.ts'
import { renderPool, renderZone } from './objects.ts'
import { machineResults } from './script-result.ts'
import { machineStorageText, renderMachineStorage } from './storage.ts'

export function renderMachine(state: RegionState, machine: Machine) {
  return {
    ...identity(state, machine),
    ...hardware(state, machine),
    ...network(state, machine),
    ...renderMachineStorage(state, machine.systemId),
    ...lifecycle(state, machine),
    ...machineResults(state, machine),
    resource_uri: uri('machines', machine.systemId),
  }
}

/** `JSON.stringify(renderMachine(…))` in a fifth of the time, for long lists. */
export function machineText(state: RegionState, machine: Machine): string {
  return objectOf(
    keysOf(identity(state, machine)),
    keysOf(hardware(state, machine)),
    networkText(state, machine),
    machineStorageText(state, machine.systemId),
    keysOf(lifecycle(state, machine)),
    keysOf(machineResults(state, machine)),
    keysOf({ resource_uri: uri('machines', machine.systemId) }),
  )
}

/** What an anonymous enlistment is told: no more than it sent, and the new id. */
export function renderEnlisted(state: RegionState, machine: Machine) {
  return {
    system_id: machine.systemId,
    hostname: machine.hostname,
    domain: renderDomainOfNode(state, machine),
    fqdn: fqdnOf(state, machine),
    architecture: machine.architecture,
    power_type: machine.powerType,
    node_type: 0,
    status: machine.status,
    interface_set: interfacesOf(state, machine.systemId).map(({ mac }) => ({ mac_address: mac })),
    resource_uri: uri('machines', machine.systemId),
  }
}

function identity(state: RegionState, machine: Machine) {
  const owner = machine.ownerId === null ? undefined : state.users.get(machine.ownerId)
  return {
    system_id: machine.systemId,
    hostname: machine.hostname,
    description: machine.description,
    hardware_uuid: machine.hardwareUuid,
    domain: renderDomainOfNode(state, machine),
    fqdn: fqdnOf(state, machine),
    owner: owner?.username ?? null,
    owner_data: machine.ownerData,
    workload_annotations: machine.ownerData,
    locked: machine.locked,
    zone: renderZone(zoneOf(state, machine)),
    pool: renderPool(poolOf(state, machine)),
    tag_names: machine.tagNames,
    node_type: 0,
    node_type_name: 'Machine',
    parent: null,
    pod: null,
    virtualmachine_id: null,
    is_dpu: false,
  }
}

function hardware(state: RegionState, machine: Machine) {
  const { cpuCount, memoryMib } = machine
  return {
    architecture: machine.architecture,
    min_hwe_kernel: machine.minHweKernel,
    hwe_kernel: machine.hweKernel === '' ? null : machine.hweKernel,
    bios_boot_method: machine.biosBootMethod,
    cpu_count: cpuCount,
    cpu_speed: machine.cpuSpeedMhz,
    memory: memoryMib,
    hardware_info: hardwareInfo(machine.hardware, state.hardwareDetails.get(machine.systemId)),
    numanode_set: numaNodes(state, machine),
    power_type: machine.powerType,
    power_state: machine.powerState,
  }
}

function network(state: RegionState, machine: Machine) {
  const interfaces = interfacesOf(state, machine.systemId)
  const rendered = interfaces.map((nic) => renderInterface(state, nic, interfaces))
  return {
    boot_interface: rendered.find((nic) => nic.id === machine.bootInterfaceId) ?? null,
    ...addresses(state, machine),
    interface_set: rendered,
    ...gateways(state, machine),
  }
}

function networkText(state: RegionState, machine: Machine): string {
  const interfaces = interfacesOf(state, machine.systemId)
  const texts = interfaces.map((nic) => interfaceText(state, nic, interfaces))
  const boot = interfaces.findIndex(({ id }) => id === machine.bootInterfaceId)
  const pieces = [
    keyOf('boot_interface', texts[boot] ?? 'null'),
    keysOf(addresses(state, machine)),
    keyOf('interface_set', listOf(texts)),
    keysOf(gateways(state, machine)),
  ]
  return pieces.join(',')
}

function addresses(state: RegionState, { systemId }: Machine) {
  return { address_ttl: null, ip_addresses: addressesOf(state, systemId).map(formatIp) }
}

function gateways(state: RegionState, machine: Machine) {
  return { disable_ipv4: false, default_gateways: renderGateways(state, machine) }
}

/** The gateways in force; the links only of those that were chosen. */
function renderGateways(state: RegionState, machine: Machine) {
  const found = defaultGateways(state, machine)
  const shown = (family: 'ipv4' | 'ipv6') => {
    const gateway = found[family]
    const chosen = machine.gatewayLinks?.[family] ?? null
    return { gateway_ip: gateway === null ? null : formatIp(gateway.gatewayIp), link_id: chosen }
  }
  return { ipv4: shown('ipv4'), ipv6: shown('ipv6') }
}

function lifecycle(state: RegionState, machine: Machine) {
  const { status } = machine
  const { error } = lifeOf(machine)
  const deployment = state.deployments.get(machine.systemId)
  return {
    status,
    status_name: MACHINE_STATUS_NAMES[status] ?? '',
    status_action: '',
    status_message: error,
    error_description: status === MACHINE_STATUS.BROKEN ? error : '',
    osystem: machine.osSystem,
    distro_series: machine.distroSeries,
    netboot: machine.netboot,
    ephemeral_deploy: deployment?.ephemeralDeploy ?? false,
    constraints_by_type: {},
    last_sync: null,
    sync_interval: null,
    next_sync: null,
    enable_hw_sync: deployment?.enableHwSync ?? false,
    enable_kernel_crash_dump: deployment?.enableKernelCrashDump ?? false,
  }
}
