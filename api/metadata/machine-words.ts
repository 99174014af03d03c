// What of the words of machines reaches the log. Every one of them is a sign of life, and a boot of cloud-init has some
// seventy; the log takes one in half a minute of each machine, and what went wrong.
import { STATUS_RULES } from '#model/life-cycle.ts'
import type { Machine } from '#model/machine.ts'
import type { Clock } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import type { Actor } from '#state/command.ts'
import { Buckets } from './buckets.ts'
import { proposeFor } from './machine-call.ts'

type From = { readonly region: Region; readonly machine: Machine; readonly actor: Actor }

export type MachineEvent = {
  readonly level: 'DEBUG' | 'INFO' | 'ERROR'
  readonly eventType: string
  readonly description: string
}

export class MachineWords {
  readonly #life: Buckets
  readonly #events: Buckets
  readonly #failures: Buckets

  constructor(clock: Clock) {
    this.#life = new Buckets(clock, { burst: 1, perSecond: 1 / 30 })
    this.#events = new Buckets(clock, { burst: 10, perSecond: 1 / 30 })
    this.#failures = new Buckets(clock, { burst: 20, perSecond: 1 / 10 })
  }

  /** Resolves when it is committed, at once when nothing is to be said. */
  async isAlive({ region, machine, actor }: From): Promise<void> {
    const { systemId, status } = machine
    if (STATUS_RULES[status].transient === null || !this.#life.take(systemId)) return
    await proposeFor({ region, actor }, { type: 'machine.heartbeat', systemId })
  }

  /** Also a sign of life. False: too many of them, nothing was written. */
  async tells({ region, machine, actor }: From, event: MachineEvent): Promise<boolean> {
    const { systemId } = machine
    const bucket = event.level === 'ERROR' ? this.#failures : this.#events
    if (!bucket.take(systemId)) return false
    await proposeFor({ region, actor }, { type: 'event.record', systemId, username: '', ...event })
    return true
  }
}
