// The words of power: what a region wants of a machine's BMC, and what the rack that talks to it answers. An intent
// is a row: at most one per machine, named by the log index at which it was made (its fence), so a newer one is told
// from an older. A rack claims it before it acts and gets a token, the log index of the claim; only the newest token
// may report. Who executes, and how a
// power type does it, is the rack's.
import type { SystemId } from './ids.ts'

/** `cycle`: off if it is on, then on. `on` and `cycle` boot from `bootDevice`. */
export type PowerAction = 'on' | 'off' | 'cycle'

/** What a rack may be asked for: `query` only looks, because somebody wants to know now. */
export type PowerDeed = PowerAction | 'query'

/** What a machine is to be like, and who is at work on it. Keyed by `systemId`. */
export type PowerIntent = {
  readonly systemId: SystemId
  readonly action: PowerDeed
  readonly bootDevice: 'pxe'
  /** Ask the operating system first (MAAS's soft power off). */
  readonly soft: boolean
  /** Made by a move of the life cycle, which its result may end; not by a user beside it. */
  readonly isOfMove: boolean
  /** Log index at which it was made; grows with each intent of the cluster. */
  readonly fence: number
  /** Tries that ended with a failure. */
  readonly attempt: number
  /** Log time, ms: nobody need try after it. */
  readonly deadlineAt: number
  /** Log time, ms: no claim before it, after a failed try. */
  readonly notBefore: number
  readonly claim: {
    readonly rackId: SystemId
    /** Log index of the claim. */
    readonly token: number
    /** Log time, ms, from which on another rack may claim. */
    readonly until: number
  } | null
}

/**
 * A machine that was deleted while it was on: what is left of it until its intent to switch it off ends, or until its
 * BMC is another machine's. Keyed by `systemId`.
 */
export type PowerFarewell = {
  readonly systemId: SystemId
  readonly hostname: string
  readonly powerType: string
  readonly powerParameters: Readonly<Record<string, string>>
  /** Log time, ms, until which a rack may be doing what was wished before the machine went. */
  readonly busyUntil: number
}

/** What the claiming rack is told; the parameters hold secrets and are in no view and on no rack's disk. */
export type PowerOrder = {
  readonly systemId: SystemId
  readonly token: number
  readonly action: PowerDeed
  readonly bootDevice: 'pxe'
  readonly soft: boolean
  readonly powerType: string
  readonly powerParameters: Readonly<Record<string, string>>
  /** The rack may act for so long by its boot clock, from before it asked. */
  readonly claimMs: number
}

/** Rack, its boot clock: from before it asked for the claim until its driver has given up. */
export const POWER_ACT_MS = 45_000
/** Region, log time: 45 s by clocks that differ by 1.1/0.9 (ARCHITECTURE.md §3.1), and 20 s for what is under way. */
export const POWER_CLAIM_MS = 75_000
/** An intent that nobody could carry out ends after so long. */
export const POWER_INTENT_MS = 10 * 60_000
/** Failed tries of one intent, by whichever racks. */
export const POWER_ATTEMPTS_MAX = 3
/** After a failed try; a BMC that said no, or nothing, may yet do what it was told some seconds ago. */
export const POWER_RETRY_MS = 15_000

/** Who asked how a machine is waits for so long, log time. */
export const POWER_QUERY_MS = 12_000

/** What a rack that looks after a machine is told on asking; as secret as a `PowerOrder`. */
export type PowerParametersAnswer = {
  readonly systemId: SystemId
  readonly powerType: string
  readonly powerParameters: Readonly<Record<string, string>>
}

/** Power types without a BMC: somebody presses the button. */
const BY_HAND = new Set(['', 'manual'])

export function isByHand(powerType: string): boolean {
  return BY_HAND.has(powerType)
}
