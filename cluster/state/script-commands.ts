// The part of the union of commands that is about scripts' results and what they found.
import type { FoundHardware } from '#model/found-hardware.ts'
import type { SystemId } from '#model/ids.ts'
import type {
  ScriptOutput,
  ScriptResultId,
  ScriptSetId,
  ScriptStatus,
} from '#model/script-result.ts'

export type ScriptCommand =
  /** By the machine. Said again it changes nothing: what has ended stays as it ended. */
  | ({
      readonly type: 'scriptResult.report'
      readonly systemId: SystemId
      readonly resultId: ScriptResultId
      readonly status: ScriptStatus
      readonly exitStatus: number | null
      /** Milliseconds it ran; null: by the time of the reports. */
      readonly runtimeMs: number | null
    } & Omit<ScriptOutput, 'systemId' | 'resultId'>)
  /** A suppressed failure keeps no machine from being used. */
  | {
      readonly type: 'scriptResult.suppress'
      readonly systemId: SystemId
      readonly resultIds: readonly ScriptResultId[]
      readonly suppressed: boolean
    }
  | {
      readonly type: 'scriptSet.delete'
      readonly systemId: SystemId
      readonly setId: ScriptSetId
    }
  /** What a commissioning machine is made of. A MAC that another node has is refused, and all of it with it. */
  | {
      readonly type: 'machine.facts'
      readonly systemId: SystemId
      readonly facts: FoundHardware
    }
  | {
      readonly type: 'nodeDevice.delete'
      readonly systemId: SystemId
      readonly id: number
    }
