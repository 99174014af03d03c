// Asks the BMCs of the machines that this rack looks after whether they are on, every few minutes, and tells a region
// when one is not as the view has it. So the log grows by what changes, not by questions. The parameters of a BMC come
// from the region for one question (`power.parameters`) and are forgotten with it. A machine that is being switched is
// left to who switches it.
import type { SystemId } from '#model/ids.ts'
import type { PowerState } from '#model/machine.ts'
import type { PowerParametersAnswer } from '#model/power.ts'
import { type MachinePower, pollerOf } from '#model/power-poll.ts'
import type { Clock, Logger, Metrics, Random, Scheduler } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { RackRequest, RackToRegionReply } from '#protocol/rack.ts'
import type { RackView } from '../view.ts'
import { type PowerDriver, PowerFailure } from './driver.ts'

export type PowerPollerOptions = {
  readonly rackId: SystemId
  readonly view: Pick<RackView, 'table' | 'settings' | 'logTimeMs'>
  readonly request: (command: RackRequest) => Promise<RackToRegionReply>
  readonly drivers: ReadonlyMap<string, PowerDriver>
  readonly random: Pick<Random, 'integer'>
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
}

const LOOK_MS = 2_000
/** BMCs are slow and racks have other things to do; 16 at 0.3 s each are 50 machines a second. */
const RUNNING_MAX = 16
/** A BMC that says nothing for so long is asked another time. */
const QUERY_MS = 30_000
/** A machine of which nothing is known is not left waiting for its turn. */
const UNKNOWN_WITHIN_MS = 10_000
/** No region answered, or it had another rack in mind: it may be otherwise soon. */
const REFUSED_MS = 20_000
/** A dead BMC is asked less and less often: after 1, 2, 4, 8, then always 12 intervals. */
const BACKOFF_MAX = 12
const MESSAGE_MAX = 200

type Turn = { dueMs: number; failures: number; isRunning: boolean }
type Seen = { readonly state: PowerState; readonly message: string }

export class PowerPoller {
  readonly #options: PowerPollerOptions
  readonly #turns = new Map<SystemId, Turn>()
  readonly #work = new Set<Promise<void>>()
  readonly #ending = new AbortController()
  readonly #cancelLook: () => void

  constructor(options: PowerPollerOptions) {
    this.#options = options
    this.#cancelLook = options.scheduler.every(LOOK_MS, () => this.#look())
  }

  /** Questions under way are given up. */
  async close(): Promise<void> {
    this.#cancelLook()
    this.#ending.abort()
    await Promise.all(this.#work)
  }

  #look(): void {
    const { view, clock, rackId, drivers } = this.#options
    const intervalMs = intervalOf(view)
    if (intervalMs === 0) {
      this.#turns.clear()
      return
    }
    const nowMs = clock.monotonicMs()
    const machines = view.table('machineBoots')
    for (const systemId of this.#turns.keys()) {
      if (!machines.has(systemId)) this.#turns.delete(systemId)
    }
    for (const { systemId, power } of machines.values()) {
      if (power === undefined || !drivers.has(power.type)) continue
      const turn = this.#turnOf({ systemId, power, nowMs, intervalMs })
      if (turn.isRunning || turn.dueMs > nowMs || this.#work.size >= RUNNING_MAX) continue
      if (view.table('powerIntents').has(systemId)) continue
      if (pollerIn(view, systemId) === rackId) this.#start(systemId, turn, intervalMs)
    }
  }

  #turnOf(of: {
    readonly systemId: SystemId
    readonly power: MachinePower
    readonly nowMs: number
    readonly intervalMs: number
  }): Turn {
    const { systemId, power, nowMs, intervalMs } = of
    const before = this.#turns.get(systemId)
    if (before !== undefined) return before
    const withinMs = power.state === 'unknown' ? UNKNOWN_WITHIN_MS : intervalMs
    const waitMs = this.#options.random.integer(Math.min(withinMs, intervalMs))
    const turn = { dueMs: nowMs + waitMs, failures: 0, isRunning: false }
    this.#turns.set(systemId, turn)
    return turn
  }

  #start(systemId: SystemId, turn: Turn, intervalMs: number): void {
    turn.isRunning = true
    const work = this.#poll(systemId, turn)
      .catch((error: unknown) => {
        this.#options.logger.error('power.bug', {
          machine_id: systemId,
          error: describeError(error),
        })
        return intervalMs
      })
      .then((waitMs) => {
        const { clock, random } = this.#options
        // A tenth either way, so that machines that were begun together do not stay together.
        const jitterMs = random.integer(Math.max(1, Math.floor(waitMs / 5))) - waitMs / 10
        turn.dueMs = clock.monotonicMs() + waitMs + jitterMs
        turn.isRunning = false
        this.#work.delete(work)
      })
    this.#work.add(work)
  }

  /** How long the machine is then left alone, ms. */
  async #poll(systemId: SystemId, turn: Turn): Promise<number> {
    const { rackId, request, view } = this.#options
    const intervalMs = intervalOf(view)
    const reply = await request({ type: 'power.parameters', rackId, systemId })
    const answer = reply.ok && reply.outcome.ok ? answerOf(reply.outcome.value) : undefined
    if (answer === undefined) return Math.min(REFUSED_MS, intervalMs)
    const seen = await this.#ask(answer)
    if (this.#ending.signal.aborted) return intervalMs
    turn.failures = seen.state === 'error' ? turn.failures + 1 : 0
    await this.#tell(systemId, seen)
    return intervalMs * Math.min(2 ** Math.max(0, turn.failures - 1), BACKOFF_MAX)
  }

  async #ask({ powerType, powerParameters }: PowerParametersAnswer): Promise<Seen> {
    const { drivers, scheduler, metrics } = this.#options
    const late = new AbortController()
    const cancel = scheduler.after(QUERY_MS, () => late.abort())
    const signal = AbortSignal.any([late.signal, this.#ending.signal])
    const seen = await query(drivers.get(powerType), powerParameters, signal)
    cancel()
    metrics.count('ironraft_rack_power_polls_total', { power_type: powerType, result: seen.state })
    return { ...seen, message: `${powerType}: ${seen.message}`.slice(0, MESSAGE_MAX) }
  }

  /** Nothing while somebody switches it: he tells more than we saw. */
  async #tell(systemId: SystemId, { state, message }: Seen): Promise<void> {
    const { rackId, request, view, logger } = this.#options
    const known = view.table('machineBoots').get(systemId)?.power
    if (known === undefined || known.state === state) return
    if (view.table('powerIntents').has(systemId)) return
    await request({ type: 'power.queryReport', rackId, systemId, state, message })
    const fields = { machine_id: systemId, power_state: state }
    if (state === 'error') logger.warn('power.not_reached', { ...fields, error: message })
    else logger.info('power.seen', fields)
  }
}

/** Which of the living racks is to ask, by this rack's view; null when the machine has no BMC. */
export function pollerIn(
  view: Pick<RackView, 'table' | 'settings' | 'logTimeMs'>,
  systemId: SystemId,
): SystemId | null {
  const power = view.table('machineBoots').get(systemId)?.power
  const racks = view.table('liveRacks').get('all')?.racks
  if (power === undefined || racks === undefined) return null
  const turn = Math.floor(view.logTimeMs() / (intervalOf(view) || 1))
  return pollerOf(systemId, power, { racks, turn })
}

/** 0: never. */
function intervalOf(view: Pick<RackView, 'settings'>): number {
  return (view.settings()?.powerQuerySeconds ?? 0) * 1_000
}

async function query(
  driver: PowerDriver | undefined,
  parameters: PowerParametersAnswer['powerParameters'],
  signal: AbortSignal,
): Promise<Seen> {
  try {
    if (driver === undefined) throw new PowerFailure('settings', 'racks have no driver for it')
    const state = await driver.query(parameters, signal)
    return { state, message: state }
  } catch (error) {
    const isKnown = error instanceof PowerFailure
    const text = isKnown ? error.message : 'something unexpected happened on the rack'
    // A BMC that answered is not in error; it just does not say what was asked.
    const state = isKnown && error.code === 'refused' ? 'unknown' : 'error'
    return { state, message: `${text}.` }
  }
}

/** The answer of another version of a region is none. */
function answerOf(value: unknown): PowerParametersAnswer | undefined {
  const answer = value as PowerParametersAnswer | null
  return typeof answer?.powerType === 'string' ? answer : undefined
}
