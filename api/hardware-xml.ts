// What is known of a machine's hardware, written as `lshw -xml` writes it: what definitions of tags search (maas-api
// §8.2), and the `lshw` part of a machine's details. Made from the machine's rows, so it says no more than they do.
import type { BlockDevice, Interface, Machine } from '#model/machine.ts'
import type { RegionState } from '#state/state.ts'

type Child = string | null

export function hardwareXml(state: RegionState, machine: Machine): string {
  const { systemId, hostname, architecture, cpuCount, memoryMib, hardware: facts } = machine
  const nics = state.interfacesByMachine.rows(systemId).filter(({ type }) => type === 'physical')
  const disks = state.blockDevicesByMachine.rows(systemId)
  const core = node('core', 'bus', [
    text('description', 'Motherboard'),
    ...product(facts?.mainboardProduct, facts?.mainboardVendor),
    node('firmware', 'memory', [
      text('description', 'BIOS'),
      text('vendor', facts?.firmwareVendor),
      text('version', facts?.firmwareVersion),
      text('date', facts?.firmwareDate),
    ]),
    ...Array.from({ length: cpuCount }, (_, at) => cpu(machine, at)),
    node('memory', 'memory', [
      text('description', 'System Memory'),
      size('bytes', memoryMib * 2 ** 20),
    ]),
    ...disks.map(disk),
    ...nics.map(network),
  ])
  const system = node(hostname, 'system', [
    text('description', 'Computer'),
    ...product(facts?.systemProduct, facts?.systemVendor),
    text('version', facts?.systemVersion),
    text('serial', facts?.systemSerial),
    `<width units="bits">${architecture.startsWith('i386') ? 32 : 64}</width>`,
    core,
  ])
  return `<?xml version="1.0" standalone="yes"?>\n<list>\n${system}\n</list>\n`
}

function cpu({ architecture, cpuSpeedMhz, hardware }: Machine, at: number): string {
  return node(`cpu:${at}`, 'processor', [
    text('description', 'CPU'),
    text('product', hardware?.cpuModel),
    cpuSpeedMhz > 0 ? size('Hz', cpuSpeedMhz * 1_000_000) : null,
    `<capabilities><capability id="${escaped(architecture.split('/')[0] ?? '')}"/></capabilities>`,
  ])
}

function disk(device: BlockDevice, at: number): string {
  return node(`disk:${at}`, 'disk', [
    text('product', device.model),
    text('logicalname', `/dev/${device.name}`),
    text('serial', device.serial),
    size('bytes', device.sizeBytes),
  ])
}

function network(nic: Interface, at: number): string {
  return node(`network:${at}`, 'network', [
    text('description', 'Ethernet interface'),
    ...product(nic.product ?? undefined, nic.vendor ?? undefined),
    text('logicalname', nic.name),
    text('serial', nic.mac ?? undefined),
    nic.interfaceSpeedMbps > 0 ? size('bit/s', nic.interfaceSpeedMbps * 1_000_000) : null,
  ])
}

function node(id: string, className: string, children: readonly Child[]): string {
  const inner = children.filter((child) => child !== null && child !== '').join('\n')
  return `<node id="${escaped(id)}" class="${className}">\n${inner}\n</node>`
}

function product(name: string | undefined, vendor: string | undefined): readonly Child[] {
  return [text('product', name), text('vendor', vendor)]
}

function text(name: string, value: string | undefined): Child {
  return value === undefined || value === '' ? null : `<${name}>${escaped(value)}</${name}>`
}

function size(units: string, value: number): string {
  return `<size units="${units}">${value}</size>`
}

/** Control characters have no place in XML 1.0 (§2.2), however they are written. */
function escaped(value: string): string {
  return value
    .replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
