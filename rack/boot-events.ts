// Tells the cluster what machines load from this rack, as events. Best effort: rate-limited, never
// awaited, never repeated; a boot must not depend on its own record.
import type { MachineBoot } from '#model/boot.ts'
import type { Clock, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'

export type BootEvent = {
  readonly kind: 'pxe' | 'tftp' | 'http'
  /** Undefined for machines nobody knows. */
  readonly machine: MachineBoot | undefined
  readonly description: string
}

export type BootEventsOptions = {
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly clock: Clock
  readonly metrics: Metrics
}

/** A whole room that boots writes this many events at once, then so many a second. */
const BURST = 100
const PER_SECOND = 20

/** MAAS's event types. */
const TYPES = {
  pxe: 'Performing PXE boot',
  tftp: 'TFTP Request',
  http: 'HTTP Request',
} as const

export class BootEvents {
  readonly #options: BootEventsOptions
  #tokens = BURST
  #filledAtMs: number

  constructor(options: BootEventsOptions) {
    this.#options = options
    this.#filledAtMs = options.clock.monotonicMs()
  }

  record(event: BootEvent): void {
    const { metrics, request } = this.#options
    const sent = this.#takeToken()
    metrics.count('ironraft_rack_boot_events_total', { kind: event.kind, sent: String(sent) })
    // Requests of unknown machines have nobody to be shown with.
    if (!sent || event.machine === undefined) return
    void request({
      type: 'event.record',
      systemId: event.machine.systemId,
      username: '',
      level: event.kind === 'pxe' ? 'INFO' : 'DEBUG',
      eventType: TYPES[event.kind],
      description: event.description.slice(0, 200),
    })
  }

  #takeToken(): boolean {
    const now = this.#options.clock.monotonicMs()
    const filled = this.#tokens + ((now - this.#filledAtMs) / 1000) * PER_SECOND
    this.#tokens = Math.min(BURST, filled)
    this.#filledAtMs = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
