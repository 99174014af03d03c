// What the enlistment agent and the commissioning script say about a machine (JSON text): parsed from hostile input into
// bounded facts. A missing or strange part becomes unknown; only text that is no JSON object is refused. What the agent
// does not look at is read by `hardware-details.ts`.
import { parseIpv4 } from '#model/ipv4.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import type { HardwareFacts } from '#model/machine.ts'
import type { FoundInterface } from '#model/found-hardware.ts'
import type { NewBlockDevice } from '#state/command.ts'
import {
  clean,
  count,
  nameOf,
  orNull,
  parseObject,
  part,
  parts,
  type Part,
} from './hardware-values.ts'

export type HardwareReport = {
  readonly facts: HardwareFacts
  readonly hardwareUuid: string | null
  readonly cpuCount: number
  readonly cpuSpeedMhz: number
  readonly memoryMib: number
  readonly biosBootMethod: string
  readonly interfaces: readonly FoundInterface[]
  readonly blockDevices: readonly NewBlockDevice[]
}

const NICS_MAX = 64
const DISKS_MAX = 256
const CPUS_MAX = 65_536
const SPEED_MBPS_MAX = 1_000_000
export const MEMORY_MIB_MAX = 2 ** 40
const DISK_BYTES_MAX = Number.MAX_SAFE_INTEGER

/** Undefined when the text is not a JSON object. */
export function parseHardware(text: string): HardwareReport | undefined {
  const root = parseObject(text)
  if (root === undefined) return undefined
  const cpu = part(root['cpu'])
  const dmi = part(root['dmi'])
  return {
    facts: factsOf(cpu, dmi),
    hardwareUuid: uuidOf(root['uuid']),
    cpuCount: count(cpu['count'], CPUS_MAX),
    cpuSpeedMhz: count(cpu['mhz'], 1_000_000),
    memoryMib: count(root['memory_mib'], MEMORY_MIB_MAX),
    biosBootMethod: bootMethodOf(root['firmware']),
    interfaces: parts(root['nics'], NICS_MAX).flatMap(interfaceOf),
    blockDevices: parts(root['disks'], DISKS_MAX).flatMap(blockDeviceOf),
  }
}

function factsOf(cpu: Part, dmi: Part): HardwareFacts {
  return {
    cpuModel: clean(cpu['model']),
    systemVendor: clean(dmi['sys_vendor']),
    systemProduct: clean(dmi['product_name']),
    systemSerial: clean(dmi['product_serial']),
    systemVersion: clean(dmi['product_version']),
    mainboardVendor: clean(dmi['board_vendor']),
    mainboardProduct: clean(dmi['board_name']),
    firmwareVendor: clean(dmi['bios_vendor']),
    firmwareVersion: clean(dmi['bios_version']),
    firmwareDate: clean(dmi['bios_date']),
  }
}

/** One NIC or, when its MAC is none, nothing. */
function interfaceOf(nic: Part): readonly FoundInterface[] {
  const mac = parseMac(clean(nic['mac']))
  if (mac === undefined || !isUsable(mac)) return []
  return [
    {
      name: nameOf(nic['name']),
      mac,
      ip: parseIpv4(clean(nic['ip'])) ?? null,
      linkConnected: nic['carrier'] === 1 || nic['carrier'] === true,
      linkSpeedMbps: count(nic['speed'], SPEED_MBPS_MAX),
      interfaceSpeedMbps: count(nic['max_speed'], SPEED_MBPS_MAX),
      vendor: orNull(clean(nic['vendor'])),
      product: orNull(clean(nic['product'])) ?? orNull(clean(nic['driver'])),
      firmwareVersion: orNull(clean(nic['firmware'])),
    },
  ]
}

/** Not all zeros and not a group address. */
export function isUsable(mac: MacAddress): boolean {
  return mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0
}

function blockDeviceOf(disk: Part): readonly NewBlockDevice[] {
  const name = nameOf(disk['name'])
  const sizeBytes = count(disk['size_bytes'], DISK_BYTES_MAX)
  if (name === '' || sizeBytes === 0) return []
  return [
    {
      name,
      model: clean(disk['model']),
      serial: clean(disk['serial']),
      idPath: idPathOf(disk['id_path']),
      sizeBytes,
      blockSizeBytes: count(disk['block_size'], 1 << 20) || 512,
      tags: [disk['rotational'] === 1 || disk['rotational'] === true ? 'rotary' : 'ssd'],
    },
  ]
}

/** `pxe` is MAAS's word for BIOS. */
function bootMethodOf(value: unknown): string {
  if (value === 'bios') return 'pxe'
  return value === 'uefi' ? 'uefi' : ''
}

function uuidOf(value: unknown): string | null {
  const text = clean(value).toLowerCase()
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : null
}

function idPathOf(value: unknown): string {
  const text = clean(value)
  return /^\/dev\/disk\/by-(?:id|path)\/[\w.:+@=-]{1,200}$/.test(text) ? text : ''
}
