// The words of adding a chassis: a controller that has many machines is asked by a rack which ones, and they are added
// with the parameters of their power. Like a power intent the wish is a row, claimed by one rack at a time.
import type { DomainId, SystemId } from './ids.ts'
import type { MacAddress } from './mac-address.ts'
import type { ProbeOptions } from './machine-work.ts'

/** Power types whose controllers our racks can ask for their machines. */
export const CHASSIS_TYPES = ['virsh', 'proxmox', 'redfish'] as const
export type ChassisType = (typeof CHASSIS_TYPES)[number]

/** The parameter that says which machine of the controller one is. */
export const CHASSIS_NODE_PARAMETER: Readonly<Record<ChassisType, string>> = {
  virsh: 'power_id',
  proxmox: 'power_vm_name',
  redfish: 'node_id',
}

/** Keyed by `id`. Holds secrets: in no view, shown to nobody. */
export type ChassisJob = {
  readonly id: number
  readonly chassisType: ChassisType
  /** Of the controller, in the names of its power type. */
  readonly parameters: Readonly<Record<string, string>>
  /** Only machines whose name begins with it. */
  readonly prefixFilter: string
  /** The machines are commissioned; null: they stay New. */
  readonly begin: ProbeOptions | null
  /** Only this rack; null: any. */
  readonly rackId: SystemId | null
  readonly domainId: DomainId | null
  /** Who asked, for events. */
  readonly username: string
  /** Log time, ms: it is given up. */
  readonly deadlineAt: number
  readonly claim: {
    readonly rackId: SystemId
    /** Log index of the claim. */
    readonly token: number
    /** Log time, ms. */
    readonly until: number
  } | null
}

/** What racks see of a job. */
export type OpenChassisJob = Pick<ChassisJob, 'id' | 'chassisType' | 'rackId'> & {
  /** Token of the claim; null: nobody is at work on it. */
  readonly token: number | null
}

export type ChassisOrder = Pick<
  ChassisJob,
  'id' | 'chassisType' | 'parameters' | 'prefixFilter'
> & {
  readonly token: number
}

export type FoundMachine = {
  /** Minted by the rack, for the machine if it is new. */
  readonly systemId: SystemId
  /** As the controller calls it; a hostname is made of it. */
  readonly name: string
  /** Value of CHASSIS_NODE_PARAMETER. */
  readonly node: string
  readonly macs: readonly MacAddress[]
}

/** At work at once; more are refused. */
export const CHASSIS_JOBS_MAX = 64
/** In one report; a chassis with more says so and none is added. */
export const CHASSIS_MACHINES_MAX = 256
/** A rack asks for so long. */
export const CHASSIS_ACT_MS = 60_000
/** Region, log time: then another rack may try. Nothing is switched, so a claim that overlaps does no harm. */
export const CHASSIS_CLAIM_MS = 90_000
export const CHASSIS_JOB_MS = 10 * 60_000
