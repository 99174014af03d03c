// Which open power intents this rack should try to get now. All racks see all of them; only one gets the claim, so
// each waits a little first, differently for every intent and try: most are claimed by somebody before the others
// have asked, and a try that failed at one rack is likely to be another's next. Nothing here is needed for safety: a
// region refuses every claim but one. Time is this rack's own, since it saw a row as it is now.
import { createHash } from 'node:crypto'
import type { SystemId } from '#model/ids.ts'
import { POWER_CLAIM_MS, POWER_RETRY_MS, type PowerIntent } from '#model/power.ts'

export type Due = {
  /** To be claimed now, in the order of their age. */
  readonly due: readonly PowerIntent[]
  /** Until the next one is due; null when none will be. */
  readonly nextMs: number | null
}

/** The longest that a free intent is left to others. */
const PATIENCE_MS = 400
/** What another rack should do first; it may be gone. */
const OTHERS_MS = 2_500
const REFUSED_PATIENCE_MS = 5_000
/** A rack that failed lets the others go first. */
const FAILED_PATIENCE_MS = 3_000
/** Clocks of rack and region differ by a tenth at most each way (ARCHITECTURE.md §3.1). */
const CLAIM_OVER_MS = Math.ceil((POWER_CLAIM_MS * 1.1) / 0.9)

type Seen = { readonly as: string; sinceMs: number; extraMs: number }

export class DueIntents {
  readonly #rackId: SystemId
  readonly #seen = new Map<SystemId, Seen>()

  constructor(rackId: SystemId) {
    this.#rackId = rackId
  }

  /** `isBusy`: this rack is at work on it. `isForOthers`: another one is likelier to do it well. */
  look(
    intents: ReadonlyMap<unknown, PowerIntent>,
    nowMs: number,
    how: {
      readonly isBusy: (intent: PowerIntent) => boolean
      readonly isForOthers: (intent: PowerIntent) => boolean
    },
  ): Due {
    const open = [...intents.values()].toSorted((a, b) => a.fence - b.fence)
    const there = new Set(open.map(({ systemId }) => systemId))
    for (const systemId of this.#seen.keys()) {
      if (!there.has(systemId)) this.#seen.delete(systemId)
    }
    const due: PowerIntent[] = []
    let nextMs: number | null = null
    for (const intent of open) {
      const seen = this.#see(intent, nowMs)
      if (how.isBusy(intent)) continue
      const othersMs = how.isForOthers(intent) ? OTHERS_MS : 0
      const leftMs = seen.sinceMs + this.#waitMs(intent) + seen.extraMs + othersMs - nowMs
      if (leftMs <= 0) due.push(intent)
      else nextMs = Math.min(nextMs ?? leftMs, leftMs)
    }
    return { due, nextMs }
  }

  /** The claim was refused, or nobody answered: somebody else has it, or it is not time yet. */
  refused(intent: PowerIntent, nowMs: number): void {
    this.#postpone(intent, nowMs, REFUSED_PATIENCE_MS)
  }

  /** This rack's try failed; kept for the next row of the same intent. */
  failed(intent: PowerIntent, nowMs: number): void {
    this.#postpone(intent, nowMs, FAILED_PATIENCE_MS)
  }

  /** It was reported as done; the view will say so in a moment. */
  finished(intent: PowerIntent, nowMs: number): void {
    this.#postpone(intent, nowMs, CLAIM_OVER_MS)
  }

  #postpone({ systemId }: PowerIntent, nowMs: number, extraMs: number): void {
    const seen = this.#seen.get(systemId)
    if (seen === undefined) return
    seen.sinceMs = nowMs
    seen.extraMs = extraMs
  }

  #see(intent: PowerIntent, nowMs: number): Seen {
    const { systemId, fence, attempt, claim } = intent
    const as = `${fence} ${attempt} ${claim?.token ?? ''}`
    const before = this.#seen.get(systemId)
    if (before?.as === as) return before
    const isSameIntent = before?.as.startsWith(`${fence} `) === true
    const extraMs = isSameIntent ? Math.min(before.extraMs, FAILED_PATIENCE_MS) : 0
    const seen = { as, sinceMs: nowMs, extraMs }
    this.#seen.set(systemId, seen)
    return seen
  }

  #waitMs({ systemId, attempt, claim }: PowerIntent): number {
    if (claim !== null) return CLAIM_OVER_MS
    const digest = createHash('sha256').update(`${this.#rackId} ${systemId} ${attempt}`).digest()
    const patience = Math.floor((digest.readUInt16BE(0) / 65_536) * PATIENCE_MS)
    return patience + (attempt > 0 ? POWER_RETRY_MS : 0)
  }
}
