// Machines, their parts, and the controllers: rows in MAAS's words.
import type {
  BlockDeviceId,
  DomainId,
  InterfaceId,
  SubnetId,
  SystemId,
  UserId,
  VlanId,
} from './ids.ts'
import type { InterfaceParams } from './interface.ts'
import type { Ip } from './ip.ts'
import type { MacAddress } from './mac-address.ts'

/** MAAS's numbers and names of a machine's status. */
export const MACHINE_STATUS = {
  NEW: 0,
  COMMISSIONING: 1,
  FAILED_COMMISSIONING: 2,
  MISSING: 3,
  READY: 4,
  RESERVED: 5,
  DEPLOYED: 6,
  RETIRED: 7,
  BROKEN: 8,
  DEPLOYING: 9,
  ALLOCATED: 10,
  FAILED_DEPLOYMENT: 11,
  RELEASING: 12,
  FAILED_RELEASING: 13,
  DISK_ERASING: 14,
  FAILED_DISK_ERASING: 15,
  RESCUE_MODE: 16,
  ENTERING_RESCUE_MODE: 17,
  FAILED_ENTERING_RESCUE_MODE: 18,
  EXITING_RESCUE_MODE: 19,
  FAILED_EXITING_RESCUE_MODE: 20,
  TESTING: 21,
  FAILED_TESTING: 22,
} as const
export type MachineStatus = (typeof MACHINE_STATUS)[keyof typeof MACHINE_STATUS]

/** `status_name` as MAAS prints it, by number. */
export const MACHINE_STATUS_NAMES: readonly string[] = [
  'New',
  'Commissioning',
  'Failed commissioning',
  'Missing',
  'Ready',
  'Reserved',
  'Deployed',
  'Retired',
  'Broken',
  'Deploying',
  'Allocated',
  'Failed deployment',
  'Releasing',
  'Releasing failed',
  'Disk erasing',
  'Failed disk erasing',
  'Rescue mode',
  'Entering rescue mode',
  'Failed to enter rescue mode',
  'Exiting rescue mode',
  'Failed to exit rescue mode',
  'Testing',
  'Failed testing',
]

export type PowerState = 'on' | 'off' | 'unknown' | 'error'

/** What the enlistment agent saw; strings are cut to 256 characters by the parser. */
export type HardwareFacts = {
  readonly cpuModel: string
  readonly systemVendor: string
  readonly systemProduct: string
  readonly systemSerial: string
  readonly systemVersion: string
  readonly mainboardVendor: string
  readonly mainboardProduct: string
  readonly firmwareVendor: string
  readonly firmwareVersion: string
  readonly firmwareDate: string
}

/** Where a machine is in its life besides its status. */
export type MachineLife = {
  /** Log time, ms, since when it has its status; 0: always had it. */
  readonly enteredAt: number
  /** Log time, ms, at which the status is given up; null: it may last. */
  readonly deadlineAt: number | null
  /** Statuses that a test and the rescue mode return to. */
  readonly beforeTesting: MachineStatus | null
  readonly beforeRescue: MachineStatus | null
  /** Commissioned in the boot that enlisted it: it ends as New. */
  readonly enlisting: boolean
  /** Its owner has it for the operation under way only. */
  readonly lent: boolean
  /** What the one who allocated it called it. */
  readonly agentName: string
  /** Why it failed or is broken; '' when it is not. */
  readonly error: string
}

export type Machine = {
  readonly systemId: SystemId
  readonly hostname: string
  readonly description: string
  readonly status: MachineStatus
  readonly ownerId: UserId | null
  readonly ownerData: Readonly<Record<string, string>>
  /** `amd64/generic` */
  readonly architecture: string
  readonly hardwareUuid: string | null
  readonly cpuCount: number
  /** MHz, 0 unknown. */
  readonly cpuSpeedMhz: number
  readonly memoryMib: number
  readonly powerType: string
  readonly powerParameters: Readonly<Record<string, string>>
  readonly powerState: PowerState
  readonly locked: boolean
  readonly tagNames: readonly string[]
  readonly minHweKernel: string
  readonly hweKernel: string
  readonly osSystem: string
  readonly distroSeries: string
  readonly netboot: boolean
  /** Firmware kind of the last boot: `pxe` (BIOS) or `uefi`; '' unknown. */
  readonly biosBootMethod: string
  readonly bootInterfaceId: InterfaceId | null
  readonly hardware: HardwareFacts | null
  /** Absent: the default ones. */
  readonly zoneId?: number
  readonly poolId?: number
  /** The rack that reached its BMC last, when the state changed. Absent: none did. */
  readonly powerRackId?: SystemId
  /** Absent: never moved. */
  readonly life?: MachineLife
  /** Absent: whichever is the default one. */
  readonly domainId?: DomainId
  /** Absent: none was chosen, the best ones are. */
  readonly gatewayLinks?: GatewayLinks
  readonly createdWall: number
  readonly updatedWall: number
}

/** Ids of the links whose subnets' gateways are the machine's default ones; null: not chosen. */
export type GatewayLinks = { readonly ipv4: number | null; readonly ipv6: number | null }

export type LinkMode = 'auto' | 'dhcp' | 'static' | 'link_up'

/** How an interface takes part in a subnet. */
export type InterfaceLink = {
  readonly id: number
  readonly mode: LinkMode
  /** Never null for `auto` and `static`. */
  readonly subnetId: SubnetId | null
  /** Of `static` always; of `auto` while the machine is deployed; it has a row in `ipAddresses`. */
  readonly ip: Ip | null
}

export type Interface = {
  readonly id: InterfaceId
  readonly systemId: SystemId
  readonly name: string
  readonly type: 'physical' | 'bond' | 'bridge' | 'vlan' | 'unknown'
  readonly mac: MacAddress | null
  readonly vlanId: VlanId | null
  readonly enabled: boolean
  readonly tags: readonly string[]
  readonly vendor: string | null
  readonly product: string | null
  readonly firmwareVersion: string | null
  readonly linkConnected: boolean
  /** Mbit/s, 0 unknown. */
  readonly linkSpeedMbps: number
  readonly interfaceSpeedMbps: number
  readonly links: readonly InterfaceLink[]
  /** What it is made of, in order; absent: nothing, it is hardware. */
  readonly parents?: readonly InterfaceId[]
  /** Absent: none. */
  readonly params?: InterfaceParams
  /** A bridge of `bridge_all`, which goes when the machine is back in the pool. Absent: it stays. */
  readonly acquired?: true
}

export type BlockDevice = {
  readonly id: BlockDeviceId
  readonly systemId: SystemId
  readonly name: string
  readonly model: string
  readonly serial: string
  readonly idPath: string
  readonly sizeBytes: number
  readonly blockSizeBytes: number
  readonly tags: readonly string[]
}

/** One network device of a controller as it reported it. */
export type ControllerInterface = {
  readonly name: string
  readonly mac: MacAddress
  /** `192.0.2.1/24`, host bits kept. */
  readonly addresses: readonly string[]
  readonly vlanId: VlanId | null
}

/** Of a rack's host, beside those of the interfaces that it serves. */
export const OTHER_ADDRESSES_MAX = 1_024

export type Controller = {
  readonly systemId: SystemId
  readonly kind: 'rack' | 'region'
  readonly hostname: string
  readonly description: string
  readonly version: string
  readonly architecture: string
  readonly cpuCount: number
  readonly memoryMib: number
  readonly interfaces: readonly ControllerInterface[]
  /** Racks: what else the host has, towards the regions for one. They make no subnets. Absent: none. */
  readonly otherAddresses?: readonly string[]
  /** Regions only. */
  readonly apiUrl: string | null
  readonly peerAddress: string | null
  /** Counts up at each start of the process. */
  readonly incarnation: number
  /** Racks: log time of the last beat and the state the regions agreed on. */
  readonly lastBeatAt: number
  readonly connected: boolean
  /** Absent: the default zone, no tags. */
  readonly zoneId?: number
  readonly tagNames?: readonly string[]
  /** Absent: whichever is the default one. */
  readonly domainId?: DomainId
  readonly createdWall: number
  readonly updatedWall: number
}
