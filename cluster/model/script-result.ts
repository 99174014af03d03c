// What scripts found on a machine (maas-api §7, §8 script-set, §11 signal): a set of results per piece of work, one
// result per script and disk or interface it ran for, and its outputs, which are rows of their own because they are long.
import type { SystemId } from './ids.ts'

export type ScriptSetId = number
export type ScriptResultId = number

/** MAAS's numbers of a script's status. */
export const SCRIPT_STATUS = {
  PENDING: 0,
  RUNNING: 1,
  PASSED: 2,
  FAILED: 3,
  TIMED_OUT: 4,
  ABORTED: 5,
  DEGRADED: 6,
  INSTALLING: 7,
  FAILED_INSTALLING: 8,
  SKIPPED: 9,
  APPLYING_NETCONF: 10,
  FAILED_APPLYING_NETCONF: 11,
} as const
export type ScriptStatus = (typeof SCRIPT_STATUS)[keyof typeof SCRIPT_STATUS]

/** MAAS's `result_type`. */
export const RESULT_TYPE = { COMMISSIONING: 0, INSTALLATION: 1, TESTING: 2, RELEASE: 3 } as const
export type ResultType = (typeof RESULT_TYPE)[keyof typeof RESULT_TYPE]

/** `parallel` of a script: alone, beside others of its name, beside anything. */
export const PARALLEL_MODE = { DISABLED: 0, INSTANCE: 1, ANY: 2 } as const

/** `hardware_type` of a script, a result and a device. */
export const HARDWARE_TYPE = { NODE: 0, CPU: 1, MEMORY: 2, STORAGE: 3, NETWORK: 4, GPU: 5 } as const

/** The newest of each type is the machine's current one. */
export type ScriptSet = {
  readonly id: ScriptSetId
  readonly systemId: SystemId
  readonly type: ResultType
  /** Log index of the command that asked for it. */
  readonly revision: number
  readonly createdWall: number
  /** Last word of the machine about it; null: none yet. */
  readonly lastPingWall: number | null
}

export type ScriptResult = {
  readonly id: ScriptResultId
  readonly setId: ScriptSetId
  readonly systemId: SystemId
  /** The built-in ones are named by `BUILTIN_SCRIPTS`. */
  readonly name: string
  /** Null: built in, or not a script of ours (an installation log). */
  readonly scriptId: number | null
  readonly scriptRevisionId: number | null
  readonly hardwareType: number
  readonly parallel: number
  /** 0: none. */
  readonly timeoutSeconds: number
  /** Values in force, e.g. `{"storage": "/dev/sda"}`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly status: ScriptStatus
  readonly exitStatus: number | null
  readonly suppressed: boolean
  readonly createdWall: number
  readonly startedWall: number | null
  readonly endedWall: number | null
}

/** Keyed by the result's id. Texts are cut by the API (64 KiB each, the end of it), and said to be cut. */
export type ScriptOutput = {
  readonly resultId: ScriptResultId
  readonly systemId: SystemId
  readonly output: string
  readonly stdout: string
  readonly stderr: string
  readonly result: string
}
