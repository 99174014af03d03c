// The commissioning script's whole report (`metadata/scripts/50-maas-01-commissioning`): what `hardware-report.ts` reads,
// and NUMA nodes, PCI and USB devices, the BMC, neighbours. Hostile input as there: strange parts are left out.
import { DEVICE_BUS, type FoundDevice, type FoundHardware } from '#model/found-hardware.ts'
import type { HardwareDetails, LldpNeighbour, NumaNode } from '#model/found-hardware.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import { HARDWARE_TYPE } from '#model/script-result.ts'
import { MEMORY_MIB_MAX, parseHardware } from './hardware-report.ts'
import { clean, count, nameOf, parseObject, part, parts, type Part } from './hardware-values.ts'

const NUMA_NODES_MAX = 256
const CORES_MAX = 4_096
const PAGE_SIZES_MAX = 8
const DEVICES_MAX = 256
const NEIGHBOURS_MAX = 64

/** Undefined when the text is not a JSON object. */
export function parseFoundHardware(text: string): FoundHardware | undefined {
  const root = parseObject(text)
  const report = parseHardware(text)
  if (root === undefined || report === undefined) return undefined
  const { facts, blockDevices, ...rest } = report
  return {
    ...rest,
    hardware: facts,
    disks: blockDevices,
    architecture: architectureOf(root['architecture']),
    bootMac: parseMac(clean(root['boot_mac'])) ?? null,
    devices: [
      ...parts(root['pci'], DEVICES_MAX).flatMap(pciOf),
      ...parts(root['usb'], DEVICES_MAX).flatMap(usbOf),
    ],
    details: detailsOf(root),
  }
}

function architectureOf(value: unknown): string {
  const text = clean(value)
  return text === 'amd64/generic' || text === 'arm64/generic' ? text : ''
}

function detailsOf(root: Part): FoundHardware['details'] {
  const dmi = part(root['dmi'])
  return {
    numaNodes: parts(root['numa'], NUMA_NODES_MAX).map(numaNodeOf),
    bmc: bmcOf(part(root['bmc'])),
    virtuality: /^[a-z0-9-]{1,32}$/.test(clean(root['virtuality']))
      ? clean(root['virtuality'])
      : '',
    chassisSerial: clean(dmi['chassis_serial']),
    mainboardSerial: clean(dmi['board_serial']),
    lldp: parts(root['lldp'], NEIGHBOURS_MAX).flatMap(neighbourOf),
  }
}

function numaNodeOf(node: Part): NumaNode {
  return {
    index: count(node['index'], NUMA_NODES_MAX),
    cores: coresOf(clean(node['cpus'])),
    memoryMib: count(node['memory_mib'], MEMORY_MIB_MAX),
    hugepages: parts(node['hugepages'], PAGE_SIZES_MAX).map((size) => ({
      pageSizeKib: count(size['kib'], 2 ** 30),
      total: count(size['total'], 2 ** 40),
    })),
  }
}

/** `0-3,8` as the kernel writes a list of processors. */
function coresOf(text: string): readonly number[] {
  const cores: number[] = []
  for (const range of text.split(',')) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? []
    if (first === undefined) continue
    for (let core = Number(first); core <= Number(last) && cores.length < CORES_MAX; core++) {
      cores.push(core)
    }
  }
  return cores
}

/** A BMC whose address is not known yet is one. */
function bmcOf(bmc: Part): HardwareDetails['bmc'] {
  if (bmc['type'] !== 'ipmi') return null
  const address = clean(bmc['address'])
  const isAddress = parseIpv4(address) !== undefined
  return {
    kind: 'ipmi',
    address: isAddress ? address : '',
    mac: parseMac(clean(bmc['mac'])) ?? '',
  }
}

function neighbourOf(neighbour: Part): readonly LldpNeighbour[] {
  const name = nameOf(neighbour['interface'])
  if (name === '') return []
  return [{ interface: name, chassis: clean(neighbour['chassis']), port: clean(neighbour['port']) }]
}

function pciOf(device: Part): readonly FoundDevice[] {
  const ids = idsOf(device)
  const pciAddress = clean(device['address']).toLowerCase()
  const place = /^[0-9a-f]{4,8}:([0-9a-f]{2}):([0-9a-f]{2})\.[0-7]$/.exec(pciAddress)
  if (ids === null || place === null) return []
  return [
    {
      ...{ bus: DEVICE_BUS.PCI, ...ids, ...namesOf(device), pciAddress },
      hardwareType: hardwareTypeOf(clean(device['class'])),
      numaNode: count(device['numa_node'], NUMA_NODES_MAX),
      busNumber: Number.parseInt(place[1] ?? '0', 16),
      deviceNumber: Number.parseInt(place[2] ?? '0', 16),
    },
  ]
}

function usbOf(device: Part): readonly FoundDevice[] {
  const ids = idsOf(device)
  if (ids === null) return []
  return [
    {
      ...{ bus: DEVICE_BUS.USB, ...ids, ...namesOf(device), pciAddress: null },
      ...{ hardwareType: HARDWARE_TYPE.NODE, numaNode: 0 },
      busNumber: count(device['bus'], 4_096),
      deviceNumber: count(device['device'], 4_096),
    },
  ]
}

/** With or without `0x`. */
function idsOf(device: Part): Pick<FoundDevice, 'vendorId' | 'productId'> | null {
  const [vendorId, productId] = [device['vendor_id'], device['product_id']].map((value) => {
    const text = clean(value).toLowerCase().replace(/^0x/, '')
    return /^[0-9a-f]{4}$/.test(text) ? text : undefined
  })
  return vendorId === undefined || productId === undefined ? null : { vendorId, productId }
}

function namesOf(device: Part): Pick<FoundDevice, 'vendorName' | 'productName' | 'driver'> {
  return {
    vendorName: clean(device['vendor']),
    productName: clean(device['product']),
    driver: nameOf(device['driver']),
  }
}

/** By the PCI class: mass storage, network, display. */
function hardwareTypeOf(pciClass: string): number {
  const [, base] = /^0x([0-9a-f]{2})/.exec(pciClass) ?? []
  if (base === '01') return HARDWARE_TYPE.STORAGE
  if (base === '02') return HARDWARE_TYPE.NETWORK
  return base === '03' ? HARDWARE_TYPE.GPU : HARDWARE_TYPE.NODE
}
