// A lab before it is made: every name, address and file of it follows from what was asked for, so that taking it
// down needs to know no more than that, however far bringing it up had come. Two networks, a bridge each: machines
// and racks are on `machines` (10.77.0.0/24), racks, regions and BMCs on `control` (10.78.0.0/24). Machines reach
// regions through racks only, as on real sites. Pure.
import { createHash } from 'node:crypto'
import { join } from 'node:path'

export type Firmware = 'bios' | 'uefi'
export type Accelerator = 'tcg' | 'kvm'

export type LabRack = {
  /** `rack-1` */
  readonly name: string
  readonly namespace: string
  readonly machineAddress: string
  readonly controlAddress: string
}
export type LabRegion = {
  /** `region-1` */
  readonly name: string
  /** Of the node, below the data directory of the cluster. */
  readonly directory: string
  readonly port: number
  /** From this host, through the door. */
  readonly url: string
}
export type LabMachine = {
  /** `machine-1` */
  readonly name: string
  /** Of its BMC's process: `bmc-1`. */
  readonly bmcName: string
  readonly firmware: Firmware
  readonly mac: string
  readonly uuid: string
  readonly tap: string
  readonly bmc: {
    readonly type: 'ipmi' | 'redfish'
    readonly address: string
    readonly port: number
  }
}

/** What `lab.json` holds. Of one directory there is one lab. */
export type Lab = {
  readonly version: 1
  /** False while it is being made. */
  readonly ready: boolean
  readonly id: string
  readonly directory: string
  readonly profile: string
  readonly accelerator: Accelerator
  readonly memoryMib: number
  readonly cpuCount: number
  readonly switchNamespace: string
  readonly regionNamespace: string
  readonly bmcPassword: string
  readonly regions: readonly LabRegion[]
  readonly racks: readonly LabRack[]
  readonly machines: readonly LabMachine[]
}

export type LabWishes = {
  /** Absolute. */
  readonly directory: string
  readonly regionCount: number
  readonly rackCount: number
  readonly machineCount: number
  /** Machines take them in turn; at least one. */
  readonly firmware: readonly Firmware[]
  readonly accelerator: Accelerator
  readonly memoryMib: number
  /** Of each machine. */
  readonly cpuCount: number
  /** On this host's loopback, for the first region; the others on the ports after it. */
  readonly apiPort: number
  readonly profile: string
  readonly bmcPassword: string
}

const MACHINES = '10.77.0'
const CONTROL = '10.78.0'
export const MACHINE_CIDR = `${MACHINES}.0/24`
/** Of the switch and the racks; machines get what follows. */
export const OWN_RANGE = [`${MACHINES}.1`, `${MACHINES}.19`] as const
export const DYNAMIC_RANGE = [`${MACHINES}.100`, `${MACHINES}.199`] as const
/** The switch itself, from which a user may look at machines. */
export const SWITCH_ADDRESS = `${MACHINES}.1/24`
export const REGION_ADDRESS = `${CONTROL}.2`
export const BMC_USER = 'maas'
/** Ports of the regions inside of their namespace. */
const API_PORT = 5240
const IPMI_PORT = 623
const REDFISH_PORT = 8000
/** One-based; 52:54:00 is QEMU's. */
const macOf = (number: number): string => `52:54:00:77:00:${hex(number)}`
const hex = (number: number): string => number.toString(16).padStart(2, '0')

export function planLab(wishes: LabWishes): Lab {
  const { directory, regionCount, rackCount, machineCount, firmware } = wishes
  const id = labIdOf(directory)
  const namespace = (name: string): string => `irlab-${id}-${name}`
  return {
    ...{ version: 1, ready: false, id, directory },
    profile: wishes.profile,
    accelerator: wishes.accelerator,
    memoryMib: wishes.memoryMib,
    cpuCount: wishes.cpuCount,
    switchNamespace: namespace('switch'),
    regionNamespace: namespace('regions'),
    bmcPassword: wishes.bmcPassword,
    regions: upTo(regionCount).map((number) => ({
      name: `region-${number}`,
      directory: `node-${number}`,
      port: API_PORT + number - 1,
      url: `http://127.0.0.1:${wishes.apiPort + number - 1}`,
    })),
    racks: upTo(rackCount).map((number) => ({
      name: `rack-${number}`,
      namespace: namespace(`rack-${number}`),
      machineAddress: `${MACHINES}.${10 + number}`,
      controlAddress: `${CONTROL}.${10 + number}`,
    })),
    machines: upTo(machineCount).map((number) => {
      const chosen = firmware[(number - 1) % firmware.length] ?? 'bios'
      const address = `${CONTROL}.${100 + number}`
      return {
        name: `machine-${number}`,
        bmcName: `bmc-${number}`,
        firmware: chosen,
        mac: macOf(number),
        uuid: uuidOf(`${directory} machine-${number}`),
        tap: `tap${number}`,
        // As in the field: older machines speak IPMI, those with UEFI Redfish.
        bmc:
          chosen === 'bios'
            ? { type: 'ipmi', address, port: IPMI_PORT }
            : { type: 'redfish', address, port: REDFISH_PORT },
      }
    }),
  }
}

/** A part of the names of everything that is outside of the directory. */
export function labIdOf(directory: string): string {
  return digest(directory).slice(0, 6)
}

/** `power_address` of the machine's BMC, as a rack reaches it. */
export function bmcAddress({ bmc }: LabMachine): string {
  return bmc.type === 'ipmi' ? bmc.address : `http://${bmc.address}:${bmc.port}`
}

export function regionDirectory(lab: Lab): string {
  return join(lab.directory, 'region')
}

export function machineDirectory(lab: Lab, machine: LabMachine): string {
  return join(lab.directory, 'machines', machine.name)
}

/** The word after `ironraft` that adds a machine with its BMC; it is then commissioned. */
export function createWords(lab: Lab, machine: LabMachine): readonly string[] {
  return [
    ...['machines', 'create', '--profile', lab.profile, '--hostname', machine.name],
    ...['--architecture', 'amd64/generic', '--mac-addresses', machine.mac],
    ...['--power-type', machine.bmc.type],
    `power_parameters_power_address=${bmcAddress(machine)}`,
    `power_parameters_power_user=${BMC_USER}`,
    `power_parameters_power_pass=${lab.bmcPassword}`,
  ]
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** RFC 9562 §5.8: made by our own rule. */
function uuidOf(text: string): string {
  const from = digest(text)
  const [a, b, c, d, e] = [
    from.slice(0, 8),
    from.slice(8, 12),
    `8${from.slice(13, 16)}`,
    `8${from.slice(17, 20)}`,
    from.slice(20, 32),
  ]
  return [a, b, c, d, e].join('-')
}
