// Connections between simulated nodes: made a little after both run, broken when one dies or a fault says so,
// told to both ends; and the transport that the product sends through. What happens to a message on its way is
// the network's.
import { decodePeerMessages, encodePeerMessage } from '#protocol/peer-codec.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import type { PeerTransport } from '#transport/links.ts'
import { Network } from './network.ts'
import type { SimNode } from './node.ts'
import type { Observer } from './observer.ts'
import type { SeededRandom } from './seeded-random.ts'
import { isSameValue } from './same-value.ts'
import { SnapshotStreams } from './snapshot-streams.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** A peer that cannot be reached is dialled again so often. */
const REDIAL_US = 100_000
const CONNECT_MIN_US = 1_000
const CONNECT_SPREAD_US = 20_000

export type LinksOptions = {
  readonly timeline: Timeline
  readonly trace: Trace
  readonly random: SeededRandom
  readonly observer: Observer
  readonly nodes: () => readonly SimNode[]
  /** Messages pass as the bytes that the product makes of them. */
  readonly usesCodec: boolean
  readonly fail: (checker: string, message: string) => void
}

export class Links {
  readonly network: Network
  readonly #options: LinksOptions
  /** Of each connection that stands, which one it is: counted up with every new one. */
  readonly #links = new Map<number, number>()
  #linkCount = 0
  readonly #streams: SnapshotStreams
  readonly #byId = new Map<string, SimNode>()

  constructor(options: LinksOptions) {
    this.#options = options
    this.network = new Network({
      timeline: options.timeline,
      random: options.random,
    })
    this.#streams = new SnapshotStreams(options.timeline, this.network)
  }

  /** A node has started: its peers reach it soon. */
  onStart(node: SimNode): void {
    const { timeline, random, nodes } = this.#options
    for (const other of nodes()) {
      if (other === node) continue
      const delayUs = CONNECT_MIN_US + random.integer(CONNECT_SPREAD_US)
      timeline.in(delayUs, () => this.connect(node, other))
    }
  }

  onDeath(node: SimNode): void {
    for (const other of this.#options.nodes()) if (other !== node) this.disconnect(node, other)
  }

  connect(a: SimNode, b: SimNode): void {
    if (!a.isUp || !b.isUp || this.#links.has(linkOf(a, b))) return
    const { network } = this
    if (network.isCut(a.index, b.index) || network.isCut(b.index, a.index)) {
      this.#options.timeline.in(REDIAL_US, () => this.connect(a, b))
      return
    }
    this.#links.set(linkOf(a, b), ++this.#linkCount)
    this.#tell(a, b, { up: true, refused: false })
    this.#tell(b, a, { up: true, refused: false })
  }

  /** The connection breaks; both ends hear of it. */
  disconnect(a: SimNode, b: SimNode): void {
    if (!this.#links.delete(linkOf(a, b))) return
    this.#streams.break(a, b)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const refused = !other.isUp && !this.network.isCut(other.index, one.index)
      const delayUs = this.network.delayUs()
      this.#options.timeline.in(delayUs, () => this.#tell(one, other, { up: false, refused }))
    }
  }

  /** Of the process that is alive now. */
  transport(node: SimNode): PeerTransport {
    const { life } = node.host
    const isLinked = (to: string): SimNode | undefined => {
      const target = this.#find(to)
      if (life !== node.host.life || target === undefined) return undefined
      return this.#links.has(linkOf(node, target)) ? target : undefined
    }
    return {
      send: (to, message) => {
        const target = isLinked(to)
        if (target === undefined) return false
        if (message.type === 'raft') this.#options.observer.onSend(node, message.message)
        this.#send(node, target, message)
        return true
      },
      sendSnapshot: async (to, offer, chunks) => {
        const target = isLinked(to)
        if (target === undefined) throw new Error('not connected')
        await this.#streams.send({ from: node, to: target, offer, chunks })
      },
      flush: () => {},
      isConnected: (to) => isLinked(to) !== undefined,
      close: () => Promise.resolve(),
    }
  }

  #find(id: string): SimNode | undefined {
    if (this.#byId.size === 0) {
      for (const node of this.#options.nodes()) this.#byId.set(node.id, node)
    }
    return this.#byId.get(id)
  }

  /**
   * What is under way when a connection breaks may still arrive, until either process dies or the next connection stands.
   */
  #send(node: SimNode, target: SimNode, message: PeerMessage): void {
    const link = linkOf(node, target)
    const connection = this.#links.get(link)
    const { life } = target.host
    const bytes = this.#options.usesCodec ? encodePeerMessage(message) : null
    const packet = {
      ...{ from: node.index, to: target.index },
      // The question for an earlier life goes ahead of everything else on its connection.
      isFirst: message.type === 'recall',
      deliver: () => {
        const isOld = (this.#links.get(link) ?? connection) !== connection
        if (isOld || life !== target.host.life || !target.isUp) return
        const arrived = bytes === null ? message : this.#decode(bytes, message)
        if (arrived !== null) this.#deliver(node, target, arrived)
      },
    }
    this.network.send(packet)
  }

  /** What is read is what was sent. */
  #decode(bytes: Uint8Array, sent: PeerMessage): PeerMessage | null {
    const { fail } = this.#options
    try {
      const [message] = decodePeerMessages(bytes)
      if (message !== undefined && isSameValue(message, sent)) return message
      fail('codec', `a message of type ${sent.type} is another one when it is read`)
    } catch (error) {
      fail('codec', `what was sent cannot be read: ${String(error)}`)
    }
    return null
  }

  #deliver(source: SimNode, target: SimNode, message: PeerMessage): void {
    const [from, to] = [source.index, target.index]
    target.host.run(() => {
      const { timeline, trace, observer } = this.#options
      if (message.type === 'raft') {
        trace.note(message.message.type, from, to, message.message.term)
        observer.onReceive(target, message.message)
      } else {
        timeline.dirty = true
        trace.note(message.type, from, to)
      }
      target.assembly.onMessage(source.id, message)
    })
  }

  #tell(
    node: SimNode,
    peer: SimNode,
    news: { readonly up: boolean; readonly refused: boolean },
  ): void {
    if (!node.isUp) return
    this.#options.timeline.dirty = true
    node.host.run(() => {
      if (!news.up) this.#options.observer.onDisconnected(node, peer.id)
      node.assembly.onConnection(peer.id, news.up, news.refused)
    })
  }
}

function linkOf(a: SimNode, b: SimNode): number {
  return Math.min(a.index, b.index) * 256 + Math.max(a.index, b.index)
}
