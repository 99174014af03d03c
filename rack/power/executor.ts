// Carries out power intents (design D11): claims one, does it with the driver of the machine's power type within the time
// of the claim, reports with the claim's token. A rack that lost its claim — superseded, too slow, suspended — stops
// before its next action, and what it reports late is refused by the token. Nothing is kept: the view has the intents.
import type { SystemId } from '#model/ids.ts'
import type { PowerState } from '#model/machine.ts'
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'
import type { PowerIntent, PowerOrder } from '#model/power.ts'
import { describeError } from '#platform/system.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import type { RackView } from '../view.ts'
import { carryOut } from './carry-out.ts'
import { type PowerDriver, PowerFailure, type SeenPower } from './driver.ts'
import { DueIntents } from './due-intents.ts'
import { pollerIn } from './poller.ts'

export type PowerExecutorOptions = {
  readonly rackId: SystemId
  readonly view: Pick<RackView, 'table' | 'onChange' | 'settings' | 'logTimeMs'>
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly drivers: ReadonlyMap<string, PowerDriver>
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Counts on while the host is suspended, where there is such a clock. */
  readonly bootMs: () => number
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
}

/** BMCs are slow, not dear: a whole room may be switched at once. */
const RUNNING_MAX = 64
const REPORT_AGAIN_MS = 1_000
/** The region gives a claim 30 s more than it gives the rack (`POWER_CLAIM_MS`). */
const REPORT_LATE_MS = 20_000

type Running = { readonly fence: number; readonly ending: AbortController }
/** What this rack may do, and until when. */
type Claim = {
  readonly order: PowerOrder
  readonly signal: AbortSignal
  readonly leftMs: () => number
}
type Result = Pick<Extract<RackCommand, { type: 'power.report' }>, 'result' | 'state' | 'message'>

export class PowerExecutor {
  readonly #options: PowerExecutorOptions
  readonly #dueIntents: DueIntents
  readonly #running = new Map<SystemId, Running>()
  readonly #work = new Set<Promise<void>>()
  readonly #unsubscribe: () => void
  #cancelLook: () => void = () => {}
  #isClosed = false

  constructor(options: PowerExecutorOptions) {
    this.#options = options
    this.#dueIntents = new DueIntents(options.rackId)
    this.#unsubscribe = options.view.onChange((tables) => {
      if (tables.has('powerIntents')) this.#look()
    })
    this.#look()
  }

  /** What is under way is stopped; its claim ends by itself. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    this.#cancelLook()
    for (const { ending } of this.#running.values()) ending.abort()
    await Promise.all(this.#work)
  }

  #look(): void {
    this.#cancelLook()
    if (this.#isClosed) return
    const { rackId, view, clock, scheduler, metrics } = this.#options
    const intents = view.table('powerIntents')
    this.#endSuperseded(intents)
    const isBusy = ({ systemId }: PowerIntent): boolean => this.#running.has(systemId)
    const isForOthers = (intent: PowerIntent): boolean =>
      intent.action === 'query' && pollerIn(view, intent.systemId) !== rackId
    const how = { isBusy, isForOthers }
    const { due, nextMs } = this.#dueIntents.look(intents, clock.monotonicMs(), how)
    for (const intent of due.slice(0, RUNNING_MAX - this.#running.size)) this.#start(intent)
    metrics.gauge('ironraft_rack_power_orders_running', this.#running.size)
    // What did not fit is looked at when something ends.
    if (nextMs !== null) this.#cancelLook = scheduler.after(Math.ceil(nextMs), () => this.#look())
  }

  #endSuperseded(intents: ReadonlyMap<unknown, PowerIntent>): void {
    for (const [systemId, { fence, ending }] of this.#running) {
      if (intents.get(systemId)?.fence !== fence) ending.abort()
    }
  }

  #start(intent: PowerIntent): void {
    const { systemId, fence } = intent
    const ending = new AbortController()
    this.#running.set(systemId, { fence, ending })
    const work = this.#run(intent, ending)
      .catch((error: unknown) => {
        this.#options.logger.error('power.bug', {
          machine_id: systemId,
          error: describeError(error),
        })
      })
      .finally(() => {
        this.#work.delete(work)
        this.#running.delete(systemId)
        this.#look()
      })
    this.#work.add(work)
  }

  async #run(intent: PowerIntent, superseded: AbortController): Promise<void> {
    const { rackId, request, bootMs, clock, scheduler } = this.#options
    const { systemId, fence } = intent
    // From before it asked: the region counts from later on, and longer.
    const startedMs = bootMs()
    const reply = await request({ type: 'power.claim', rackId, systemId, fence })
    const order = reply.ok && reply.outcome.ok ? orderOf(reply.outcome.value) : undefined
    if (order === undefined) {
      this.#dueIntents.refused(intent, clock.monotonicMs())
      return
    }
    const leftMs = (): number => startedMs + order.claimMs - bootMs()
    const late = new AbortController()
    const cancel = scheduler.after(Math.max(0, leftMs()), () => late.abort())
    const signal = AbortSignal.any([superseded.signal, late.signal])
    const result = await this.#carryOut({ order, signal, leftMs })
    cancel()
    if (superseded.signal.aborted) return
    this.#say(order, result)
    await this.#report({ order, signal: superseded.signal, leftMs }, result, REPORT_LATE_MS)
    const nowMs = clock.monotonicMs()
    if (result.result === 'failed') this.#dueIntents.failed(intent, nowMs)
    else this.#dueIntents.finished(intent, nowMs)
  }

  async #carryOut(claim: Claim): Promise<Result> {
    const { powerType, action } = claim.order
    try {
      if (action === 'query') return done(powerType, await this.#query(claim))
      if (action !== 'cycle') return done(powerType, await this.#make(claim, action))
      await this.#make(claim, 'off')
      // From here on the intent is `on`: whoever goes on with it switches nothing off a second time.
      const off = { result: 'off', state: 'off', message: '' } as const
      if (!(await this.#report(claim, off, 0))) {
        throw new PowerFailure('unreachable', 'no region heard in time that the machine is off')
      }
      return done(powerType, await this.#make(claim, 'on'))
    } catch (error) {
      if (!(error instanceof PowerFailure)) {
        const fields = { machine_id: claim.order.systemId, error: describeError(error) }
        this.#options.logger.error('power.bug', fields)
      }
      return failure(error, powerType)
    }
  }

  async #query({ order, signal }: Claim): Promise<SeenPower> {
    return await this.#driverOf(order).query(order.powerParameters, signal)
  }

  #driverOf({ powerType }: PowerOrder): PowerDriver {
    const driver = this.#options.drivers.get(powerType)
    if (driver !== undefined) return driver
    throw new PowerFailure('settings', 'racks have no driver for this power type')
  }

  async #make({ order, signal, leftMs }: Claim, wanted: 'on' | 'off'): Promise<SeenPower> {
    const { sleep } = this.#options
    const { powerParameters: parameters } = order
    const driver = this.#driverOf(order)
    const soft = order.soft || parameters['power_off_mode'] === 'soft'
    const guarded = guard(driver, leftMs)
    return await carryOut({ driver: guarded, parameters, wanted, soft, signal, sleep })
  }

  /** Until a region heard it, or the claim is over for `lateMs`. True: it was heard and believed. */
  async #report(
    { order, signal, leftMs }: Claim,
    result: Result,
    lateMs: number,
  ): Promise<boolean> {
    const { rackId, request, sleep } = this.#options
    const { systemId, token } = order
    for (;;) {
      const reply = await request({ type: 'power.report', rackId, systemId, token, ...result })
      if (reply.ok) return reply.outcome.ok
      if (leftMs() < -lateMs || signal.aborted) return false
      await sleep(REPORT_AGAIN_MS, signal).catch(() => {
        // Superseded, late or closing: the loop sees it.
      })
    }
  }

  #say({ systemId, powerType, action }: PowerOrder, { result, state, message }: Result): void {
    const { logger, metrics } = this.#options
    metrics.count('ironraft_rack_power_orders_total', { power_type: powerType, result })
    const fields = { machine_id: systemId, power_type: powerType, action, power_state: state }
    if (result === 'done') logger.info('power.done', fields)
    else logger.warn('power.failed', { ...fields, error: message })
  }
}

/** The answer of another version of a region is no order. */
function orderOf(value: unknown): PowerOrder | undefined {
  const order = value as PowerOrder | null
  return typeof order?.token === 'number' ? order : undefined
}

/** No action after the time of the claim, however late the timers are: a suspended host wakes up here. */
function guard(driver: PowerDriver, leftMs: () => number): PowerDriver {
  const check = (): void => {
    if (leftMs() <= 0) throw new PowerFailure('unreachable', 'the BMC took too long')
  }
  const { bootFromNetwork } = driver
  return {
    query: driver.query,
    ...(bootFromNetwork === undefined
      ? {}
      : {
          bootFromNetwork: async (parameters, signal) => {
            check()
            await bootFromNetwork(parameters, signal)
          },
        }),
    turnOn: async (parameters, signal) => {
      check()
      await driver.turnOn(parameters, signal)
    },
    turnOff: async (parameters, how, signal) => {
      check()
      await driver.turnOff(parameters, how, signal)
    },
  }
}

function done(powerType: string, seen: SeenPower): Result {
  return { result: 'done', state: seen, message: `${powerType}: ${seen}` }
}

const MESSAGE_MAX = 200

function failure(error: unknown, powerType: string): Result {
  const isKnown = error instanceof PowerFailure
  const text = isKnown ? error.message : 'something unexpected happened on the rack'
  // A BMC that answered is not in error; what it says of the machine is just not what was wanted.
  const state: PowerState = isKnown && error.code === 'refused' ? 'unknown' : 'error'
  return { result: 'failed', state, message: `${powerType}: ${text}.`.slice(0, MESSAGE_MAX) }
}
