// The links between simulated nodes: each message is lost, doubled, delayed (and so reordered) by chance, and
// not delivered at all where a link is cut. A cut says nothing to either end; a dead process does.
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
}

export type Packet = {
  readonly from: number
  readonly to: number
  /** Not lost while its connection stands, and not overtaken by what is sent after it. */
  readonly isFirst: boolean
  readonly deliver: () => void
}

export class Network {
  readonly #options: NetworkOptions
  readonly #cut = new Set<number>()
  /** By link: what must not be overtaken arrives then. */
  readonly #notBeforeUs = new Map<number, number>()
  /** By link: what must not be lost, sent into a cut. */
  readonly #held = new Map<number, Packet>()
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

  send(packet: Packet): void {
    const { random } = this.#options
    const { from, to, isFirst } = packet
    const { lossPercent, duplicatePercent } = this.noise
    this.sentCount++
    if (this.isCut(from, to)) {
      this.lostCount++
      if (isFirst) this.#held.set(from * 256 + to, packet)
      return
    }
    this.#sendHeld(from * 256 + to)
    if (isFirst) {
      this.#deliverFirst(packet)
      return
    }
    if (lossPercent > 0 && random.chance(lossPercent)) {
      this.lostCount++
      return
    }
    this.#deliverLater(packet)
    if (duplicatePercent === 0 || !random.chance(duplicatePercent)) return
    this.duplicatedCount++
    this.#deliverLater(packet)
  }

  /** One way, now; for what is more than a message. */
  delayUs(): number {
    const { random } = this.#options
    const added = this.noise.delayUs === 0 ? 0 : random.integer(this.noise.delayUs)
    return DELAY_MIN_US + random.integer(DELAY_SPREAD_US) + added
  }

  #sendHeld(link: number): void {
    if (this.#held.size === 0) return
    const held = this.#held.get(link)
    this.#held.delete(link)
    if (held !== undefined) this.#deliverFirst(held)
  }

  #deliverFirst({ from, to, deliver }: Packet): void {
    const { timeline } = this.#options
    const atUs = timeline.nowUs + this.delayUs()
    this.#notBeforeUs.set(from * 256 + to, atUs)
    timeline.at(atUs, deliver)
  }

  #deliverLater({ from, to, deliver }: Packet): void {
    const { timeline } = this.#options
    const atUs = timeline.nowUs + this.delayUs()
    const notBeforeUs = this.#notBeforeUs.get(from * 256 + to) ?? 0
    timeline.at(Math.max(atUs, notBeforeUs), deliver)
  }
}
