// PCI and USB devices and NUMA nodes of a machine as MAAS shows them (maas-api §8).
import { DEVICE_BUS, type NodeDevice } from '#model/found-hardware.ts'
import type { Machine } from '#model/machine.ts'
import type { RegionState } from '#state/state.ts'
import { uri } from './names.ts'
import { HARDWARE_NAMES } from './script.ts'

export function renderNodeDevice(device: NodeDevice) {
  return {
    id: device.id,
    bus: device.bus,
    bus_name: device.bus === DEVICE_BUS.PCI ? 'PCIE' : 'USB',
    hardware_type: device.hardwareType,
    hardware_type_name: HARDWARE_NAMES[device.hardwareType] ?? '',
    system_id: device.systemId,
    numa_node: device.numaNode,
    physical_blockdevice: null,
    physical_interface: null,
    vendor_id: device.vendorId,
    product_id: device.productId,
    vendor_name: device.vendorName,
    product_name: device.productName,
    commissioning_driver: device.driver,
    bus_number: device.busNumber,
    device_number: device.deviceNumber,
    pci_address: device.pciAddress,
    resource_uri: uri('nodes', device.systemId, 'devices', device.id),
  }
}

const CORES_MAX = 4_096

/** A machine whose nodes nobody saw is one. */
export function numaNodes(state: RegionState, { systemId, cpuCount, memoryMib }: Machine) {
  const found = state.hardwareDetails.get(systemId)?.numaNodes ?? []
  if (found.length === 0) {
    const cores = Array.from({ length: Math.min(cpuCount, CORES_MAX) }, (_, core) => core)
    return [{ index: 0, cores, memory: memoryMib, hugepages_set: [] }]
  }
  return found.map((node) => ({
    index: node.index,
    cores: node.cores,
    memory: node.memoryMib,
    hugepages_set: node.hugepages.map((size) => ({
      page_size: size.pageSizeKib * 1_024,
      total: size.total,
    })),
  }))
}
