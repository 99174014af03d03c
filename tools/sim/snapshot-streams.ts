// Snapshots on their way between simulated nodes: chunk by chunk, pulled by the receiver, broken off when the
// connection breaks, either end dies, or a cut swallows what is under way for too long.
import type { SnapshotOffer } from '#protocol/peer.ts'
import type { IncomingChunks } from '#transport/links.ts'
import type { Network } from './network.ts'
import type { SimNode } from './node.ts'
import type { Timeline } from './timeline.ts'

/** A stream into a cut ends with its time-out. */
const TIMEOUT_US = 2_000_000
const BYTES_PER_US = 100

type Transfer = {
  readonly from: SimNode
  readonly to: SimNode
  readonly offer: SnapshotOffer
  readonly chunks: (from: number) => AsyncIterable<Uint8Array>
}
type Stream = {
  readonly transfer: Transfer
  /** Rejects when it is broken off. */
  readonly broken: Promise<never>
  readonly break: () => void
  isBroken: boolean
}

export class SnapshotStreams {
  readonly #timeline: Timeline
  readonly #network: Network
  readonly #streams = new Set<Stream>()

  constructor(timeline: Timeline, network: Network) {
    this.#timeline = timeline
    this.#network = network
  }

  /** As the transport's port says: resolves when the receiver has it durable. */
  async send(transfer: Transfer): Promise<void> {
    const stream = makeStream(transfer)
    this.#streams.add(stream)
    try {
      await Promise.race([this.#offer(stream), stream.broken])
    } finally {
      this.#streams.delete(stream)
    }
  }

  break(a: SimNode, b: SimNode): void {
    for (const stream of [...this.#streams]) {
      const { from, to } = stream.transfer
      if ((from === a && to === b) || (from === b && to === a)) {
        this.#timeline.dirty = true
        stream.break()
      }
    }
  }

  /** One way, with `bytes`; a cut link breaks the stream after its time-out. */
  async #travel(stream: Stream, way: readonly [SimNode, SimNode], bytes: number): Promise<void> {
    const [from, to] = way
    const isCut = this.#network.isCut(from.index, to.index)
    const delayUs = isCut ? TIMEOUT_US : this.#network.delayUs() + bytes / BYTES_PER_US
    await new Promise<void>((resolve) => {
      this.#timeline.in(delayUs, () => {
        this.#timeline.dirty = true
        if (isCut) stream.break()
        resolve()
      })
    })
    if (stream.isBroken) await stream.broken
  }

  async #offer(stream: Stream): Promise<void> {
    const { from, to, offer } = stream.transfer
    await this.#travel(stream, [from, to], 0)
    await new Promise<void>((resolve, reject) => {
      to.host.run(() => {
        this.#timeline.dirty = true
        to.assembly.onSnapshot(offer, this.#incoming(stream)).then(resolve, reject)
      })
    })
    await this.#travel(stream, [to, from], 0)
  }

  #incoming(stream: Stream): IncomingChunks {
    let from = 0
    return {
      beginAt: (bytes) => {
        from = bytes
        return true
      },
      [Symbol.asyncIterator]: () => this.#chunks(stream, from),
    }
  }

  async *#chunks(stream: Stream, from: number): AsyncGenerator<Uint8Array> {
    const { transfer } = stream
    const way = [transfer.from, transfer.to] as const
    const chunks = transfer.chunks(from)[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([chunks.next(), stream.broken])
      if (next.done === true) return
      await this.#travel(stream, way, next.value.length)
      yield next.value
    }
  }
}

function makeStream(transfer: Transfer): Stream {
  let reject: (error: Error) => void = () => {}
  const broken = new Promise<never>((...[, onBreak]) => {
    reject = onBreak
  })
  // Nobody may be waiting for it at the moment.
  broken.catch(() => {})
  const stream: Stream = {
    ...{ transfer, broken, isBroken: false },
    break: () => {
      stream.isBroken = true
      reject(new Error('the connection broke'))
    },
  }
  return stream
}
