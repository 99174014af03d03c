// The links between simulated nodes: each message is lost, doubled, delayed (and so reordered) by chance, and
// not delivered at all where a link is cut. A cut says nothing to either end; a dead process does.
import type { PeerMessage } from '#protocol/peer.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Timeline } from './timeline.ts'

/** Applies to every link while it lasts. */
export type Noise = {
  readonly lossPercent: number
  readonly duplicatePercent: number
  /** Added, uniformly from 0. */
  readonly delayUs: number
}

export const QUIET: Noise = { lossPercent: 0, duplicatePercent: 0, delayUs: 0 }
/** One way in a machine room, with the queues of two kernels. */
const DELAY_MIN_US = 80
const DELAY_SPREAD_US = 600

export type NetworkOptions = {
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly deliver: (from: number, to: number, message: PeerMessage) => void
}

export class Network {
  readonly #options: NetworkOptions
  readonly #cut = new Set<number>()
  noise: Noise = QUIET
  sentCount = 0
  lostCount = 0
  duplicatedCount = 0

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Messages from `from` to `to` are lost from now on; the other way is not affected. */
  cut(from: number, to: number): void {
    this.#cut.add(from * 256 + to)
  }

  mend(from: number, to: number): void {
    this.#cut.delete(from * 256 + to)
  }

  isCut(from: number, to: number): boolean {
    return this.#cut.has(from * 256 + to)
  }

  heal(): void {
    this.#cut.clear()
    this.noise = QUIET
  }

  send(from: number, to: number, message: PeerMessage): void {
    const { random } = this.#options
    const { lossPercent, duplicatePercent } = this.noise
    this.sentCount++
    if (this.isCut(from, to) || (lossPercent > 0 && random.chance(lossPercent))) {
      this.lostCount++
      return
    }
    this.#deliverLater(from, to, message)
    if (duplicatePercent === 0 || !random.chance(duplicatePercent)) return
    this.duplicatedCount++
    this.#deliverLater(from, to, message)
  }

  /** One way, now; for what is more than a message. */
  delayUs(): number {
    const { random } = this.#options
    const added = this.noise.delayUs === 0 ? 0 : random.integer(this.noise.delayUs)
    return DELAY_MIN_US + random.integer(DELAY_SPREAD_US) + added
  }

  #deliverLater(from: number, to: number, message: PeerMessage): void {
    const { timeline, deliver } = this.#options
    timeline.in(this.delayUs(), () => deliver(from, to, message))
  }
}
