// Long work on the one thread in slices: whoever does it asks between two pieces whether the slice is over
// and then gives the event loop back, so that heartbeats and packets get their turn.
import type { Clock, Scheduler } from '#model/ports.ts'
import { systemScheduler } from '#platform/system.ts'

export class Pace {
  readonly #clock: Clock
  readonly #sliceMs: number
  readonly #soon: Scheduler['soon']
  #beganMs: number

  constructor(clock: Clock, sliceMs: number, soon: Scheduler['soon'] = systemScheduler.soon) {
    this.#clock = clock
    this.#sliceMs = sliceMs
    this.#soon = soon
    this.#beganMs = clock.monotonicMs()
  }

  /** True when it is time to `rest`; asking costs a look at the clock. */
  due(): boolean {
    return this.#clock.monotonicMs() - this.#beganMs >= this.#sliceMs
  }

  /** Everything that waits gets its turn; a new slice begins after it. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => this.#soon(resolve))
    this.#beganMs = this.#clock.monotonicMs()
  }
}
