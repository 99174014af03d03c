// When this node's state is found to be another one than a quorum has: it is taken from racks and clients at once,
// and the node should be closed and started again, which sets its data aside and has it re-seeded. A little later, so
// that the others and `region status` have heard why it goes.
import type { Scheduler } from '#model/ports.ts'

export type DivergenceOptions = {
  readonly scheduler: Scheduler
  readonly background: (task: Promise<unknown>, name: string) => void
  /** Ms between two reports of a node. */
  readonly reportMs: number
  /** Nothing may be served from this state any more. */
  readonly onDiverged: () => void
}

export class Divergence {
  readonly #options: DivergenceOptions
  #cancel = (): void => {}
  #resolve = (): void => {}
  /** Resolves when the node may be started again; never when all is well. */
  readonly wrong: Promise<void>

  constructor(options: DivergenceOptions) {
    this.#options = options
    this.wrong = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** `recorded` resolves when it is on disk that the next start must not believe what is there. */
  readonly onDiverged = (recorded: Promise<void>): void => {
    const { scheduler, background, reportMs, onDiverged } = this.#options
    onDiverged()
    const later = (): void => {
      this.#cancel = scheduler.after(2 * reportMs, this.#resolve)
    }
    background(recorded.then(later), 'node.quarantine')
  }

  stop(): void {
    this.#cancel()
  }
}
