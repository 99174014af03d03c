// What a commissioned machine is made of beyond its own row, and what one report says of it: parsed and bounded by the
// API (`api/hardware-report.ts`), applied by `machine.facts`.
import type { SystemId } from './ids.ts'
import type { Ipv4 } from './ipv4.ts'
import type { MacAddress } from './mac-address.ts'
import type { BlockDevice, HardwareFacts } from './machine.ts'

export type NumaNode = {
  readonly index: number
  readonly cores: readonly number[]
  readonly memoryMib: number
  readonly hugepages: readonly { readonly pageSizeKib: number; readonly total: number }[]
}

/** As the machine's own switch told it. */
export type LldpNeighbour = {
  readonly interface: string
  readonly chassis: string
  readonly port: string
}

/** Keyed by `systemId`. Long, and machines change often: a row of its own. */
export type HardwareDetails = {
  readonly systemId: SystemId
  readonly numaNodes: readonly NumaNode[]
  /** Found in-band; null: none. */
  readonly bmc: { readonly kind: 'ipmi'; readonly address: string; readonly mac: string } | null
  /** As systemd-detect-virt names it: `kvm`, `none`, …; '' unknown. */
  readonly virtuality: string
  readonly chassisSerial: string
  readonly mainboardSerial: string
  readonly lldp: readonly LldpNeighbour[]
  readonly reportedWall: number
}

export const DEVICE_BUS = { PCI: 1, USB: 2 } as const

/** A PCI or USB device of a machine. */
export type NodeDevice = {
  readonly id: number
  readonly systemId: SystemId
  readonly bus: (typeof DEVICE_BUS)[keyof typeof DEVICE_BUS]
  readonly hardwareType: number
  readonly numaNode: number
  /** Four lower-case hexadecimal digits. */
  readonly vendorId: string
  readonly productId: string
  readonly vendorName: string
  readonly productName: string
  /** Of the commissioning system; '' when none. */
  readonly driver: string
  readonly busNumber: number
  readonly deviceNumber: number
  /** `0000:00:1f.2`; null for USB. */
  readonly pciAddress: string | null
}
export type FoundDevice = Omit<NodeDevice, 'id' | 'systemId'>

export type FoundInterface = {
  readonly name: string
  readonly mac: MacAddress
  /** An address it had, which tells its VLAN. */
  readonly ip: Ipv4 | null
  readonly linkConnected: boolean
  readonly linkSpeedMbps: number
  readonly interfaceSpeedMbps: number
  readonly vendor: string | null
  readonly product: string | null
  readonly firmwareVersion: string | null
}

export type FoundHardware = {
  /** '' or 0: not seen, what is known stays. */
  readonly architecture: string
  readonly hardwareUuid: string | null
  readonly cpuCount: number
  readonly cpuSpeedMhz: number
  readonly memoryMib: number
  readonly biosBootMethod: string
  readonly hardware: HardwareFacts
  /** Of the interface it booted from. */
  readonly bootMac: MacAddress | null
  readonly interfaces: readonly FoundInterface[]
  readonly disks: readonly Omit<BlockDevice, 'id' | 'systemId'>[]
  readonly devices: readonly FoundDevice[]
  readonly details: Omit<HardwareDetails, 'systemId' | 'reportedWall'>
}
