// What the work under way (or done last) on a machine was asked with: for those who carry it out, the metadata
// service and the installer. Rows of their own, because they are long and machines change often.
import type { SystemId } from './ids.ts'
import type { InterfaceParams } from './interface.ts'

/** Of commissioning and testing. */
export type ProbeOptions = {
  readonly enableSsh: boolean
  readonly skipBmcConfig: boolean
  readonly skipNetworking: boolean
  readonly skipStorage: boolean
  /** Names or tags of scripts; null: those that MAAS runs by default. */
  readonly commissioningScripts: readonly string[] | null
  /** Likewise; empty: none. */
  readonly testingScripts: readonly string[] | null
  /** `<script>_<parameter>`, or a parameter of all scripts, → value. */
  readonly parameters: Readonly<Record<string, string>>
}

export const DEFAULT_PROBE: ProbeOptions = {
  enableSsh: false,
  skipBmcConfig: false,
  skipNetworking: false,
  skipStorage: false,
  commissioningScripts: null,
  testingScripts: null,
  parameters: {},
}

/** Of `bridge_all`: how the bridges are made. */
export type BridgeOptions = Required<Pick<InterfaceParams, 'bridgeType' | 'bridgeStp' | 'bridgeFd'>>

export type DeployOptions = {
  readonly osSystem: string
  readonly distroSeries: string
  /** '' for the release's own. */
  readonly hweKernel: string
  /** Base64; '' when none. */
  readonly userData: string
  readonly installRackd: boolean
  readonly installKvm: boolean
  readonly registerVmhost: boolean
  readonly ephemeralDeploy: boolean
  readonly enableKernelCrashDump: boolean
  readonly vcenterRegistration: boolean
  readonly enableHwSync: boolean
  readonly licenseKey: string
  /** Absent: no bridges are made. */
  readonly bridges?: BridgeOptions
}

/** Until the machine is released. Keyed by `systemId`. */
export type Deployment = DeployOptions & { readonly systemId: SystemId }

/** Until the next of them. Keyed by `systemId`. */
export type MachineWork = {
  readonly systemId: SystemId
  readonly work:
    | { readonly kind: 'commission' | 'test'; readonly options: ProbeOptions }
    | { readonly kind: 'erase'; readonly secure: boolean; readonly quick: boolean }
    | { readonly kind: 'rescue' }
  /** Log index of the command that asked for it. */
  readonly revision: number
}
