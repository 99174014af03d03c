// Racks, a region and BMCs on virtual time, from one seed: racks are suspended and cut off, messages are lost, BMCs
// dawdle and act after nobody waits for them any more. The region is the real state machine, the racks the real executor.
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS } from '#model/machine.ts'
import type { Clock, Scheduler } from '#model/ports.ts'
import type { PowerAction, PowerIntent } from '#model/power.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { type PowerDriver, PowerFailure, type SeenPower } from '#rack/power/driver.ts'
import { PowerExecutor } from '#rack/power/executor.ts'
import { type SeededRandom, seededRandom } from '#tools/sim/seeded-random.ts'
import { Timeline } from '#tools/sim/timeline.ts'
import { makeCountingMetrics } from '#test/support/counting-metrics.ts'
import { addMachine, bring, makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, type Lab } from '#test/support/region-state.ts'

const MS = 1_000
/** A rack's request is answered or given up by then (`rack/pending-requests.ts`). */
const REQUEST_MS = 800
/** What the fence rests on: a BMC has acted by then on what it was told, or never will. */
const BMC_LATE_MS = 10_000

/** A machine was really switched, by whom and under which intent. */
export type Effect = {
  readonly rack: string
  readonly fence: number
  readonly turned: 'on' | 'off'
}

class Rack {
  readonly name: SystemId
  /** Asks for every intent again and again, whoever has it: patience is no part of the fence. */
  readonly isImpatient: boolean
  isSuspended = false
  isCutOff = false
  suspendedMs = 0
  /** What fired meanwhile. */
  held: (() => void)[] = []
  /** Of the intent that it claimed last, by machine. */
  readonly fences = new Map<SystemId, number>()
  constructor(name: string, isImpatient: boolean) {
    this.name = name as SystemId
    this.isImpatient = isImpatient
  }
}

export class PowerWorld {
  readonly timeline = new Timeline()
  readonly random: SeededRandom
  readonly lab: Lab = makeRoom()
  readonly machine: SystemId
  readonly effects: Effect[] = []
  /** Reports that were believed of racks that had claimed another intent last. */
  readonly believed: string[] = []
  readonly racks: readonly Rack[]
  readonly #views: (() => void)[] = []
  readonly #executors: PowerExecutor[] = []
  #isOn = false
  /** Nothing is lost or late any more. */
  healed = false

  constructor(seed: number) {
    this.random = seededRandom(seed)
    const names = ['rack01', 'rack02', 'rack03'].slice(0, 2 + this.random.integer(2))
    this.racks = names.map((name) => new Rack(name, this.random.chance(50)))
    const powerParameters = { power_address: '192.0.2.9' }
    this.machine = addMachine(this.lab, 1, { powerType: 'webhook', powerParameters })
    bring(this.lab, this.machine, MACHINE_STATUS.ALLOCATED)
    for (const rack of this.racks) this.#executors.push(this.#executor(rack))
  }

  get intents(): ReadonlyMap<SystemId, PowerIntent> {
    return new Map([...this.lab.state.powerIntents.values()].map((row) => [row.systemId, row]))
  }

  wish(action: PowerAction): void {
    const { machine: systemId } = this
    this.#apply(() => {
      this.lab.actor = ADMIN
      const verb = { type: 'machine.power', systemId, comment: '', soft: false } as const
      return this.lab.run({ ...verb, action }, 0).outcome
    })
  }

  /** Log time goes on, and what is over is swept. */
  sweep(): void {
    this.#apply(() => this.lab.run({ type: 'time.advance' }, 0).outcome)
  }

  suspend(rack: Rack, forMs: number): void {
    if (rack.isSuspended) return
    rack.isSuspended = true
    const beganUs = this.timeline.nowUs
    this.timeline.in(forMs * MS, () => {
      rack.isSuspended = false
      rack.suspendedMs += (this.timeline.nowUs - beganUs) / MS
      for (const task of rack.held.splice(0)) this.#wake(task)
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#executors.map((each) => each.close()))
  }

  #apply<T>(run: () => T): T {
    this.lab.stamp = Math.max(this.lab.stamp, Math.floor(this.timeline.nowUs / MS))
    const outcome = run()
    for (const push of this.#views) push()
    return outcome
  }

  #wake(task: () => void): void {
    this.timeline.dirty = true
    task()
  }

  /** As a process sees it: not while its host is suspended. */
  #on(rack: Rack, delayMs: number, task: () => void): () => void {
    const event = this.timeline.in(delayMs * MS, () => {
      if (rack.isSuspended) rack.held.push(task)
      else this.#wake(task)
    })
    return () => this.timeline.cancel(event)
  }

  #executor(rack: Rack): PowerExecutor {
    const nowMs = (): number => this.timeline.nowUs / MS
    const clock: Clock = { monotonicMs: () => nowMs() - rack.suspendedMs, wallMs: nowMs }
    const scheduler: Scheduler = {
      soon: (task) => void this.#on(rack, 0, task),
      after: (delayMs, task) => this.#on(rack, delayMs, task),
      every: () => () => {},
    }
    const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
      if (signal.aborted) throw new PowerFailure('unreachable', 'late')
      await new Promise<void>((resolve, reject) => {
        const cancel = this.#on(rack, ms, resolve)
        signal.addEventListener('abort', () => {
          cancel()
          reject(new PowerFailure('unreachable', 'late'))
        })
      })
    }
    const driver = this.#bmc(rack)
    const silent = () => {}
    const logger = { debug: silent, info: silent, warn: silent, error: fail, with: () => logger }
    return new PowerExecutor({
      ...{ rackId: rack.name, view: this.#view(rack), drivers: new Map([['webhook', driver]]) },
      ...{ request: (command) => this.#request(rack, command), sleep, clock, scheduler, logger },
      ...{ bootMs: nowMs, metrics: makeCountingMetrics() },
    })
  }

  #view(rack: Rack) {
    let rows: ReadonlyMap<SystemId, PowerIntent> = new Map()
    let changed: () => void = () => {}
    this.#views.push(() => {
      const now = this.intents
      if (rack.isCutOff) return
      this.#on(rack, this.random.integer(200), () => {
        rows = rack.isImpatient ? asIfFree(now) : now
        changed()
      })
    })
    const tables = new Set(['powerIntents'] as const)
    return {
      table: () => rows as never,
      settings: () => undefined,
      logTimeMs: () => 0,
      onChange: (listener: (tables: ReadonlySet<'powerIntents'>, changes: null) => void) => {
        changed = () => listener(tables, null)
        return () => {}
      },
    }
  }

  /** Each way takes its time, and either may be lost: then nothing is known. */
  async #request(rack: Rack, command: RackCommand): Promise<RackToRegionReply> {
    return await new Promise((resolve) => {
      const give = this.#on(rack, REQUEST_MS, () => resolve({ ok: false, reason: 'noQuorum' }))
      if (this.#loses(rack)) return
      this.timeline.in(this.random.integer(300) * MS, () => {
        const open = this.intents.get(this.machine)?.fence
        const outcome = this.#apply(() => {
          this.lab.actor = SYSTEM
          return this.lab.run(command, 0).outcome
        })
        if (outcome.ok && command.type === 'power.report') {
          const own = rack.fences.get(command.systemId)
          if (own !== open) this.believed.push(`${rack.name}, of ${own}, about ${open}`)
        }
        if (outcome.ok && command.type === 'power.claim') {
          rack.fences.set(command.systemId, command.fence)
        }
        if (this.#loses(rack)) return
        this.#on(rack, this.random.integer(300), () => {
          give()
          resolve({ ok: true, outcome, revision: this.lab.state.revision })
        })
      })
    })
  }

  #loses(rack: Rack): boolean {
    return !this.healed && (rack.isCutOff || this.random.chance(15))
  }

  #bmc(rack: Rack): PowerDriver {
    const { machine } = this
    const answer = async <T>(signal: AbortSignal, value: () => T): Promise<T> => {
      const lateMs = this.healed ? 50 : this.random.integer(BMC_LATE_MS)
      return await new Promise((resolve, reject) => {
        this.timeline.in(lateMs * MS, () => {
          // As it was when the BMC said it; a suspended host reads it later.
          const said = value()
          this.#on(rack, 0, () => {
            if (signal.aborted) reject(new PowerFailure('unreachable', 'late'))
            else resolve(said)
          })
        })
      })
    }
    const turn = async (turned: 'on' | 'off', signal: AbortSignal): Promise<void> => {
      const fence = rack.fences.get(machine) ?? 0
      // It acts when it likes, whether anybody still waits or not.
      const actsMs = this.healed ? 10 : this.random.integer(BMC_LATE_MS)
      if (this.healed || !this.random.chance(10)) {
        this.timeline.in(actsMs * MS, () => {
          if (this.#isOn === (turned === 'on')) return
          this.#isOn = turned === 'on'
          this.effects.push({ rack: rack.name, fence, turned })
        })
      }
      if (!this.healed && this.random.chance(10)) throw new PowerFailure('refused', 'busy')
      await answer(signal, () => null)
    }
    return {
      query: (_parameters, signal) => answer<SeenPower>(signal, () => (this.#isOn ? 'on' : 'off')),
      turnOn: (_parameters, signal) => turn('on', signal),
      turnOff: (_parameters, _how, signal) => turn('off', signal),
    }
  }
}

function fail(event: string, fields?: object): never {
  throw new Error(`${event} ${JSON.stringify(fields)}`)
}

function asIfFree(rows: ReadonlyMap<SystemId, PowerIntent>): ReadonlyMap<SystemId, PowerIntent> {
  return new Map([...rows].map(([id, row]) => [id, { ...row, claim: null, attempt: 0 }]))
}
