// The part of the union of commands that is about the life of machines and their power. Who may do it, and from
// where to where it leads: `model/life-cycle.ts`.
import type { SystemId } from '#model/ids.ts'
import type { PowerState } from '#model/machine.ts'
import type { MachineConstraints } from '#model/machine-constraints.ts'
import type { PowerAction } from '#model/power.ts'
import type { MachineToken } from '#model/machine-token.ts'
import type { BridgeOptions, DeployOptions, ProbeOptions } from '#model/machine-work.ts'

type Verb<T extends string, More = unknown> = {
  readonly type: T
  readonly systemId: SystemId
  readonly comment: string
} & More

export type EraseOptions = {
  /** Absent: the setting `enable_disk_erasing_on_release` and those of its ways. */
  readonly erase?: boolean
  readonly secureErase?: boolean
  readonly quickErase?: boolean
}

/** What a machine says of itself (maas-boot §7.2). */
export type SignalStatus =
  | 'OK'
  | 'FAILED'
  | 'WORKING'
  | 'COMMISSIONING'
  | 'TESTING'
  | 'TIMEDOUT'
  | 'INSTALLING'
  | 'APPLYING_NETCONF'
  | 'RELEASING'

export type MachineCommand =
  /** The choice is made when it is applied; `asked` is the text of the constraints, for the refusal. */
  | {
      readonly type: 'machine.allocate'
      readonly constraints: MachineConstraints
      readonly asked: string
      readonly agentName: string
      readonly comment: string
      /** Absent: no bridges are made. */
      readonly bridges?: BridgeOptions
    }
  /** A Ready machine is allocated to the one who asks first. */
  | Verb<'machine.deploy', { readonly options: DeployOptions; readonly agentName?: string }>
  | Verb<'machine.release', EraseOptions>
  /** All or none; those that are Ready or on their way are left as they are. */
  | ({
      readonly type: 'machine.releaseAll'
      readonly systemIds: readonly SystemId[]
      readonly comment: string
    } & EraseOptions)
  /** All of them or none; each destination once. */
  | {
      readonly type: 'machine.clone'
      readonly source: SystemId
      readonly destinations: readonly SystemId[]
      readonly storage: boolean
      readonly interfaces: boolean
    }
  | Verb<'machine.commission', { readonly options: ProbeOptions }>
  /** New ones begin to be commissioned; null: all of them. All or none. */
  | {
      readonly type: 'machine.accept'
      readonly systemIds: readonly SystemId[] | null
    }
  | Verb<'machine.test', { readonly options: ProbeOptions }>
  | Verb<'machine.abort'>
  | Verb<'machine.markBroken', { readonly error: string }>
  | Verb<'machine.markFixed'>
  | Verb<'machine.overrideFailedTesting'>
  | Verb<'machine.rescue'>
  | Verb<'machine.exitRescue'>
  | Verb<'machine.lock'>
  | Verb<'machine.unlock'>
  | Verb<
      'machine.power',
      { readonly action: PowerAction; readonly soft: boolean; readonly userData?: string }
    >
  /**
   * Somebody wants to know how it is now. Answered with the fence of the intent to wait for; null: there is none, as it
   * has no BMC or is being switched.
   */
  | { readonly type: 'power.query'; readonly systemId: SystemId }
  /** Owner data: null takes a key away. */
  | {
      readonly type: 'machine.annotate'
      readonly systemId: SystemId
      readonly set: Readonly<Record<string, string | null>>
    }
  | {
      readonly type: 'machine.signal'
      readonly systemId: SystemId
      /** Who says so; refused FORBIDDEN when that token is no more. Absent: the cluster itself. */
      readonly tokenKey?: string
      readonly status: SignalStatus
      readonly error: string
    }
  /** It lives: its deadline moves on. */
  | { readonly type: 'machine.heartbeat'; readonly systemId: SystemId }
  | {
      readonly type: 'machine.netboot'
      readonly systemId: SystemId
      readonly on: boolean
      readonly tokenKey?: string
    }
  /** The BMC that it found in itself. */
  | {
      readonly type: 'machine.foundBmc'
      readonly systemId: SystemId
      readonly tokenKey?: string
      readonly powerType: string
      readonly powerParameters: Readonly<Record<string, string>>
    }
  /** The installed system fetched its user data. */
  | {
      readonly type: 'machine.booted'
      readonly systemId: SystemId
      readonly tokenKey?: string
    }
  /** It asks for its preseed; the answer is the token in force, which need not be this one. */
  | ({ readonly type: 'machineToken.issue' } & Omit<MachineToken, 'enteredAt' | 'createdWall'>)
  | {
      readonly type: 'power.claim'
      readonly rackId: SystemId
      readonly systemId: SystemId
      readonly fence: number
    }
  /**
   * Of the intent claimed with `token`; refused CONFLICT when that claim is no more. `off`: the first half of a
   * cycle is done and the claim goes on.
   */
  | {
      readonly type: 'power.report'
      readonly rackId: SystemId
      readonly systemId: SystemId
      readonly token: number
      readonly result: 'done' | 'failed' | 'off'
      readonly state: PowerState
      readonly message: string
    }
  /** What a rack saw without an intent. */
  | {
      readonly type: 'power.queryReport'
      readonly rackId: SystemId
      readonly systemId: SystemId
      readonly state: PowerState
      readonly message: string
    }
