// The part of the union of commands that is about chassis.
import type { ChassisType, FoundMachine } from '#model/chassis.ts'
import type { DomainId, SystemId } from '#model/ids.ts'
import type { ProbeOptions } from '#model/machine-work.ts'

export type ChassisCommand =
  | {
      readonly type: 'chassis.add'
      readonly chassisType: ChassisType
      readonly parameters: Readonly<Record<string, string>>
      readonly prefixFilter: string
      readonly begin: ProbeOptions | null
      readonly rackId: SystemId | null
      readonly domainId: DomainId | null
    }
  /** Answered with a ChassisOrder; refused CONFLICT while another claim lasts. */
  | { readonly type: 'chassis.claim'; readonly rackId: SystemId; readonly id: number }
  /** Of the job claimed with `token`: ends it. Machines that are known by a MAC already are left as they are. */
  | {
      readonly type: 'chassis.report'
      readonly rackId: SystemId
      readonly id: number
      readonly token: number
      readonly result: 'done' | 'failed'
      readonly machines: readonly FoundMachine[]
      readonly message: string
    }
