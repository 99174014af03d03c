// What the enlistment agent says about a machine (`hardware`, JSON text): parsed from hostile input into
// bounded facts. A missing or strange part becomes unknown; only text that is no JSON object is refused.
import { parseIpv4 } from '#model/ipv4.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import type { HardwareFacts } from '#model/machine.ts'
import type { NewBlockDevice, NewInterface } from '#state/command.ts'

export type HardwareReport = {
  readonly facts: HardwareFacts
  readonly hardwareUuid: string | null
  readonly cpuCount: number
  readonly cpuSpeedMhz: number
  readonly memoryMib: number
  readonly biosBootMethod: string
  readonly interfaces: readonly NewInterface[]
  readonly blockDevices: readonly NewBlockDevice[]
}

const TEXT_CHARACTERS_MAX = 256
const NICS_MAX = 64
const DISKS_MAX = 256
const CPUS_MAX = 65_536
const MEMORY_MIB_MAX = 2 ** 40
const DISK_BYTES_MAX = Number.MAX_SAFE_INTEGER

type Part = Readonly<Record<string, unknown>>

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

function parseObject(text: string): Part | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPart(value) ? value : undefined
  } catch {
    return undefined
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
function interfaceOf(nic: Part): readonly NewInterface[] {
  const mac = parseMac(clean(nic['mac']))
  if (mac === undefined || !isUsable(mac)) return []
  return [
    {
      name: nameOf(nic['name']),
      mac,
      ip: parseIpv4(clean(nic['ip'])) ?? null,
      linkConnected: nic['carrier'] === 1 || nic['carrier'] === true,
      linkSpeedMbps: count(nic['speed'], 1_000_000),
      vendor: null,
      product: orNull(clean(nic['driver'])),
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
      idPath: '',
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

function nameOf(value: unknown): string {
  const text = clean(value)
  return /^[\w.:!-]{1,64}$/.test(text) ? text : ''
}

/** Control characters become spaces; cut to a length; trimmed. */
function clean(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return ''
  const text = String(value).slice(0, TEXT_CHARACTERS_MAX)
  return text.replaceAll(/\p{C}/gu, ' ').trim()
}

function orNull(text: string): string | null {
  return text === '' ? null : text
}

/** Whole number from 0 to `max`; anything else is 0. */
function count(value: unknown, max: number): number {
  const number = Math.trunc(typeof value === 'string' ? Number(value) : (value as number))
  return Number.isSafeInteger(number) && number >= 0 && number <= max ? number : 0
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function part(value: unknown): Part {
  return isPart(value) ? value : {}
}

function parts(value: unknown, max: number): readonly Part[] {
  return Array.isArray(value) ? value.slice(0, max).filter(isPart) : []
}
