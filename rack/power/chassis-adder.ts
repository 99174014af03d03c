// Adds chassis: claims a job that the view shows, asks the controller which machines it has, reports them. A claim whose
// rack died ends by log time; asking switches nothing, so two that overlap do no harm and the older report is refused.
import {
  CHASSIS_ACT_MS,
  CHASSIS_CLAIM_MS,
  CHASSIS_MACHINES_MAX,
  type ChassisOrder,
  type ChassisType,
  type FoundMachine,
  type OpenChassisJob,
} from '#model/chassis.ts'
import { makeSystemId, type SystemId } from '#model/ids.ts'
import type { Clock, Logger, Random, Scheduler } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { RackRequest, RackToRegionReply } from '#protocol/rack.ts'
import type { RackView } from '../view.ts'
import type { ListChassis } from './chassis-listers.ts'
import { PowerFailure } from './driver.ts'

export type ChassisAdderOptions = {
  readonly rackId: SystemId
  readonly view: Pick<RackView, 'table'>
  readonly request: (command: RackRequest) => Promise<RackToRegionReply>
  readonly listers: Readonly<Record<ChassisType, ListChassis>>
  readonly random: Pick<Random, 'integer'>
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
}

const LOOK_MS = 2_000
/** Each rack waits a little longer or less, so that most jobs are claimed by one before the others ask. */
const PATIENCE_MS = 2_000
const REPORT_TRIES = 30
const REPORT_AGAIN_MS = 1_000
const TEXT_MAX = 200

type Seen = { readonly token: number | null; readonly dueMs: number }
type Report = Pick<
  Extract<RackRequest, { type: 'chassis.report' }>,
  'result' | 'machines' | 'message'
>

export class ChassisAdder {
  readonly #options: ChassisAdderOptions
  readonly #seen = new Map<number, Seen>()
  readonly #ending = new AbortController()
  readonly #cancelLook: () => void
  /** One at a time: there is no hurry. */
  #work: Promise<void> | null = null

  constructor(options: ChassisAdderOptions) {
    this.#options = options
    this.#cancelLook = options.scheduler.every(LOOK_MS, () => this.#look())
  }

  async close(): Promise<void> {
    this.#cancelLook()
    this.#ending.abort()
    await this.#work
  }

  #look(): void {
    const { view, rackId, logger } = this.#options
    const jobs = view.table('chassisJobs')
    for (const id of this.#seen.keys()) if (!jobs.has(id)) this.#seen.delete(id)
    const due = [...jobs.values()].filter((job) => this.#isDue(job))
    const job = due.find((each) => each.rackId === null || each.rackId === rackId)
    if (job === undefined || this.#work !== null) return
    this.#work = this.#add(job.id)
      .catch((error: unknown) => logger.error('chassis.bug', { error: describeError(error) }))
      .finally(() => {
        this.#work = null
      })
  }

  /** When nobody is at work on it, or whoever was must have given up. */
  #isDue({ id, token }: OpenChassisJob): boolean {
    const { clock, random } = this.#options
    const nowMs = clock.monotonicMs()
    const before = this.#seen.get(id)
    if (before?.token === token) return before.dueMs <= nowMs
    const waitMs = token === null ? random.integer(PATIENCE_MS) : CHASSIS_CLAIM_MS * 1.25
    this.#seen.set(id, { token, dueMs: nowMs + waitMs })
    return false
  }

  async #add(id: number): Promise<void> {
    const { rackId, request, logger, clock } = this.#options
    const reply = await request({ type: 'chassis.claim', rackId, id })
    // A refusal is looked at again when the row changes, or after the time of a claim.
    this.#seen.set(id, { token: null, dueMs: clock.monotonicMs() + CHASSIS_CLAIM_MS * 1.25 })
    const order = reply.ok && reply.outcome.ok ? (reply.outcome.value as ChassisOrder) : undefined
    if (typeof order?.token !== 'number') return
    const report = await this.#list(order)
    if (this.#ending.signal.aborted) return
    const fields = { chassis_type: order.chassisType, machines: report.machines.length }
    if (report.result === 'done') logger.info('chassis.listed', fields)
    else logger.warn('chassis.failed', { ...fields, error: report.message })
    const { token } = order
    const command = { type: 'chassis.report', rackId, id, token, ...report } as const
    for (let tries = 0; tries < REPORT_TRIES && !this.#ending.signal.aborted; tries += 1) {
      if ((await request(command)).ok) return
      await this.#pause()
    }
  }

  async #list({ chassisType, parameters, prefixFilter }: ChassisOrder): Promise<Report> {
    const { listers, scheduler, random } = this.#options
    const late = new AbortController()
    const cancel = scheduler.after(CHASSIS_ACT_MS, () => late.abort())
    const signal = AbortSignal.any([late.signal, this.#ending.signal])
    try {
      const listed = await listers[chassisType](parameters, prefixFilter, signal)
      if (listed.length > CHASSIS_MACHINES_MAX) {
        return failed(`It has more than ${CHASSIS_MACHINES_MAX} machines: give a prefix_filter.`)
      }
      const machines: FoundMachine[] = listed.map(({ name, node, macs }) => ({
        ...{ systemId: makeSystemId(random.integer), name: name.slice(0, TEXT_MAX), macs },
        node,
      }))
      return { result: 'done', machines, message: '' }
    } catch (error) {
      if (error instanceof PowerFailure) return failed(`${error.message}.`)
      return failed(`something unexpected happened on the rack: ${describeError(error)}.`)
    } finally {
      cancel()
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.scheduler.after(REPORT_AGAIN_MS, resolve)
      this.#ending.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

function failed(message: string): Report {
  return { result: 'failed', machines: [], message: message.slice(0, TEXT_MAX) }
}
