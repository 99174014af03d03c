// The doors of a node through which its transport reaches it: messages, connections and snapshots of the other
// regions, each handed to the part whose business it is.
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { describeError, type Platform } from '#platform/system.ts'
import { decodeEnvelope } from '#protocol/envelope.ts'
import { isKnownTo } from '#protocol/message-levels.ts'
import type { NodeReport, PeerMessage, SnapshotOffer } from '#protocol/peer.ts'
import type { Message } from '#raft/message.ts'
import type { IncomingChunks, PeerHandlers } from '#transport/links.ts'
import type { Driver } from './driver.ts'
import type { Stores } from './open-stores.ts'
import { receiveSnapshot } from './receive-snapshot.ts'
import type { Rejoin } from './rejoin.ts'
import type { SpaceWatch } from './space-watch.ts'
import type { StateWatch } from './state-watch.ts'
import type { Status } from './status.ts'
import type { Submit } from './submit.ts'

export type PeerDoorParts = {
  readonly nodeId: string
  readonly platform: Platform
  readonly snapshots: Stores['snapshots']
  readonly driver: Driver
  readonly submit: Submit
  readonly status: Status
  /** Null, as the space watch, where the stores are a test's own. */
  readonly rejoin: Rejoin | null
  readonly stateWatch: StateWatch
  readonly spaceWatch: SpaceWatch | null
  /** Tells the others how this node is. */
  readonly report: () => void
}

export class PeerDoor {
  readonly #parts: PeerDoorParts

  constructor(parts: PeerDoorParts) {
    this.#parts = parts
  }

  readonly onMessage = (from: string, message: PeerMessage): void => {
    const { rejoin } = this.#parts
    if (rejoin?.isListening === false) rejoin.onHeard(from)
    switch (message.type) {
      case 'raft':
        if (message.message.from === from) this.#onRaft(message.message)
        return
      case 'forward':
        this.#onForward(from, message)
        return
      case 'forwarded':
        this.#parts.submit.onForwarded(message.id, message.result)
        return
      case 'report':
        if (message.report.id === from) this.#onReport(message.report)
        return
      case 'recall':
        rejoin?.onRecall(from, message.position)
        return
      case 'recalled':
        rejoin?.onRecalled(from, message)
        return
      case 'transfer':
        this.#parts.driver.input((raft) => raft.transferLeadership(message.to))
        return
      default:
        message satisfies never
    }
  }

  readonly onConnection: PeerHandlers['onConnection'] = (peer, connected, _refused, levels) => {
    const { platform, report, rejoin, submit, driver } = this.#parts
    platform.logger.info(connected ? 'peer.connected' : 'peer.disconnected', { peer })
    if (connected) {
      if (isKnownTo({ type: 'recall' }, levels ?? SUPPORTED_LEVELS)) rejoin?.introduce(peer)
      else rejoin?.onNoMemory(peer)
      report()
      return
    }
    rejoin?.onDisconnected(peer)
    submit.onDisconnected(peer)
    driver.input((raft) => raft.reportUnreachable(peer))
  }

  /** Durable as a file before the core hears of it; the core may still find it old and ignore it. */
  readonly onSnapshot = async (offer: SnapshotOffer, chunks: IncomingChunks): Promise<void> => {
    const { snapshots, nodeId: to } = this.#parts
    await receiveSnapshot(snapshots, offer, chunks)
    const { from, term, meta: snapshot } = offer
    this.#onRaft({ type: 'installSnapshot', from, to, term, snapshot })
  }

  /** A node whose disk is not judged yet is silent: any answer would be a promise. */
  #onRaft(message: Message): void {
    const { rejoin, spaceWatch, driver } = this.#parts
    rejoin?.onRaft(message)
    if (rejoin?.isListening === false || spaceWatch?.refuses(message)) return
    driver.input((raft) => raft.step(message))
  }

  #onReport(report: NodeReport): void {
    const { status, stateWatch, rejoin } = this.#parts
    status.onReport(report)
    stateWatch.onReport(report)
    if (report.position !== null) rejoin?.onPosition(report.id, report.position)
  }

  /** Read before it may enter the log: a command that is unknown here would stop every node at apply. */
  #onForward(from: string, message: Extract<PeerMessage, { type: 'forward' }>): void {
    try {
      decodeEnvelope(message.envelope)
    } catch (error) {
      const { logger, metrics } = this.#parts.platform
      metrics.count('ironraft_node_forwards_refused_total')
      logger.warn('node.forward_refused', { peer: from, error: describeError(error) })
      return
    }
    this.#parts.submit.onForward(from, message.id, message.envelope)
  }
}
