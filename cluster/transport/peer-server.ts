// The listener for everybody: peers, snapshots, racks and strangers that want to join. A connection is a
// stranger until certificate and hello agree; a stranger has seconds, 64 KiB and one frame. Nothing that
// arrives here can end the process: what is malformed closes its connection and is counted.
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { AppError } from '#model/errors.ts'
import { type LevelRange, SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { FramedConnection } from '#protocol/framed-connection.ts'
import {
  checkMember,
  decodeGreeting,
  encodeGreeting,
  levelsOf,
  PROTOCOL_VERSION,
  type Hello,
  type Refused,
} from '#protocol/hello.ts'
import type { Judgement } from '#protocol/identity.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import { isKnownTo } from '#protocol/message-levels.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import { decodePeerMessages, decodeSnapshotOffer, encodePeerMessage } from '#protocol/peer-codec.ts'
import type { HostPort } from '#protocol/token.ts'
import type { TransportContext } from './context.ts'
import { CertificateDesk, removedRefusal } from './enrolment.ts'
import { RackConnection } from './rack-link.ts'
import { IncomingSnapshot } from './snapshot-stream.ts'
import { judgePeer, provenRackId, serverTls } from './tls.ts'

const EMPTY = new Uint8Array(0)

/** A connection on which a region speaks to us, and what it said that it supports. */
type Heard = { readonly connection: FramedConnection; readonly levels: LevelRange }

export class PeerServer {
  readonly #context: TransportContext
  readonly #server: Server
  readonly #desk: CertificateDesk
  /** A region has connected to us: it lives. */
  readonly #onRegion: (nodeId: string) => void
  readonly #sockets = new Set<Socket>()
  /** Newest connection on which each region speaks to us. */
  readonly #heard = new Map<string, Heard>()
  /** Raw connections, and those among them whose other end is known. */
  #open = 0
  #known = 0
  #receivingSnapshot = false

  constructor(context: TransportContext, onRegion: (nodeId: string) => void) {
    this.#context = context
    this.#onRegion = onRegion
    const { limits, credentials, metrics } = context
    this.#desk = new CertificateDesk(context)
    const options = { ...serverTls(credentials), handshakeTimeout: limits.handshakeTimeoutMs }
    this.#server = createServer({ ...options, noDelay: true }, (socket) => this.#onSecure(socket))
    this.#server.maxConnections = limits.connectionsMax
    this.#server.on('tlsClientError', (_, socket) => {
      // A handshake that timed out leaves its socket open otherwise.
      socket.destroy()
      metrics.count('ironraft_peer_handshake_failures_total', { reason: 'tls' })
    })
    this.#server.on('connection', (raw: Socket) => {
      if (this.#open - this.#known >= limits.strangersMax) {
        metrics.count('ironraft_peer_handshake_failures_total', { reason: 'too_many' })
        raw.destroy()
        return
      }
      this.#open++
      this.#sockets.add(raw)
      raw.once('close', () => {
        this.#open--
        this.#sockets.delete(raw)
      })
    })
  }

  /** Throws ADDRESS_IN_USE. */
  listen(address: HostPort): Promise<HostPort> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const where = `${address.host}:${address.port}`
        reject(
          new AppError('ADDRESS_IN_USE', `Cannot listen on ${where}: ${cause.code}.`, { cause }),
        )
      })
      this.#server.listen(address.port, address.host, () => {
        this.#server.removeAllListeners('error')
        this.#server.on('error', (error) => {
          this.#context.logger.error('peer.listener_failed', { error: error.message })
        })
        resolve({ host: address.host, port: (this.#server.address() as AddressInfo).port })
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  #onSecure(socket: TLSSocket): void {
    const { limits, credentials } = this.#context
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const connection = new FramedConnection(socket, {
      frameBytesMax: FRAME_LIMITS.strangerBytesMax,
      queueBytesMax: limits.rackQueueBytesMax,
      queueMessagesMax: limits.rackQueueMessagesMax,
    })
    const timer = setTimeout(() => {
      connection.fail(new AppError('TIMEOUT', 'No greeting came.'))
    }, limits.handshakeTimeoutMs)
    connection.onClose = (error) => {
      clearTimeout(timer)
      if (error !== null) this.#countFailure(error)
    }
    const judgement = judgePeer(socket, credentials.clusterId)
    // A rack whose certificate has expired may still show a token.
    const isHeard =
      socket.getPeerX509Certificate() === undefined || provenRackId(socket, credentials) !== null
    if (!judgement.ok && !isHeard) {
      this.#refuse(connection, { type: 'refused', ...pick(judgement) }, addressOf(socket))
      return
    }
    connection.onFrame = (body) => {
      clearTimeout(timer)
      connection.onFrame = () => this.#outOfTurn(connection)
      this.#onGreeting(connection, { body, judgement, socket })
    }
  }

  #onGreeting(
    connection: FramedConnection,
    first: { readonly body: Uint8Array; readonly judgement: Judgement; readonly socket: TLSSocket },
  ): void {
    const { body, judgement, socket } = first
    const greeting = connection.decode(decodeGreeting, body)
    if (greeting === null) return
    if (greeting.type === 'enroll' || greeting.type === 'join' || greeting.type === 'renew') {
      const refusal = this.#desk.serve(connection, { greeting, judgement, socket })
      if (refusal !== null) this.#refuse(connection, refusal, addressOf(socket))
      return
    }
    if (greeting.type !== 'hello') {
      this.#outOfTurn(connection)
      return
    }
    const refusal = judgement.ok ? this.#check(greeting, judgement) : pick(judgement)
    if (refusal !== null) {
      this.#refuse(connection, { type: 'refused', ...pick(refusal) }, addressOf(socket))
      return
    }
    this.#known++
    socket.once('close', () => this.#known--)
    this.#welcome(connection, greeting)
  }

  #check(hello: Hello, judgement: Extract<Judgement, { ok: true }>): Refused | null {
    const { credentials, incarnations } = this.#context
    const { identity } = judgement
    const incarnation = identity.kind === 'region' ? incarnations.of(identity.id) : 0
    const { clusterId } = credentials
    const featureLevels = {
      min: identity.kind === 'region' ? this.#context.featureLevel() : SUPPORTED_LEVELS.min,
      max: SUPPORTED_LEVELS.max,
    }
    const known = { clusterId, certificate: identity, incarnation, featureLevels }
    const refusal = checkMember(hello, known)
    if (refusal !== null) return refusal
    if (hello.kind === 'region' && this.#context.isRemoved(hello.nodeId)) {
      return removedRefusal(hello.nodeId)
    }
    if ((hello.kind === 'rack') === (hello.purpose === 'rack')) return null
    const message = `A ${hello.kind} has no business with purpose ${hello.purpose}.`
    return { type: 'refused', code: 'PROTOCOL', message }
  }

  #welcome(connection: FramedConnection, hello: Hello): void {
    const { credentials, incarnations, metrics } = this.#context
    const { clusterId, nodeId, incarnation } = credentials
    if (hello.kind === 'region') incarnations.see(hello.nodeId, hello.incarnation)
    metrics.count('ironraft_peer_accepted_total', { purpose: hello.purpose })
    connection.sendFrame(
      encodeGreeting({
        type: 'welcome',
        protocolVersion: PROTOCOL_VERSION,
        clusterId,
        nodeId,
        kind: 'region',
        incarnation,
        featureLevels: SUPPORTED_LEVELS,
      }),
    )
    switch (hello.purpose) {
      case 'messages':
        this.#onPeer(connection, hello)
        return
      case 'snapshot':
        this.#onSnapshot(connection, hello.nodeId)
        return
      case 'rack':
        this.#onRack(connection, hello.nodeId)
        return
      default:
        // Text from the wire, whatever its type says.
        hello.purpose satisfies never
        this.#outOfTurn(connection)
    }
  }

  /** Is there a connection on which `sendBack` would answer? */
  hears(nodeId: string): boolean {
    return this.#heard.has(nodeId)
  }

  /** On the connection that the region dialed to us; false when dropped. */
  sendBack(nodeId: string, message: PeerMessage): boolean {
    const heard = this.#heard.get(nodeId)
    if (heard === undefined || !isKnownTo(message, heard.levels)) return false
    const { connection } = heard
    const bytes = encodePeerMessage(message)
    return bytes.length <= FRAME_LIMITS.peerBytesMax && connection.send(bytes)
  }

  hangUpOnRemoved(): void {
    for (const [nodeId, { connection }] of this.#heard) {
      if (this.#context.isRemoved(nodeId)) connection.close()
    }
  }

  /** New handshakes use the context's credentials of now. */
  useCredentials(): void {
    this.#server.setSecureContext(serverTls(this.#context.credentials))
  }

  #onPeer(connection: FramedConnection, hello: Hello): void {
    const { nodeId: from, incarnation } = hello
    const { handlers, incarnations } = this.#context
    connection.allowFrames(FRAME_LIMITS.peerBytesMax)
    this.#heard.set(from, { connection, levels: levelsOf(hello) })
    const counted = connection.onClose
    connection.onClose = (error) => {
      counted(error)
      if (this.#heard.get(from)?.connection === connection) this.#heard.delete(from)
    }
    const silence = this.#watchSilence(connection)
    connection.onFrame = (body) => {
      silence.heard()
      if (body.length === 0) {
        connection.sendFrame(EMPTY)
        return
      }
      // What an earlier life had still on its way: this one may know nothing of it any more (pitfall C10).
      if (incarnation < incarnations.of(from)) {
        connection.fail(new AppError('PROTOCOL', `${from} has started anew.`))
        return
      }
      const messages = connection.decode(decodePeerMessages, body)
      for (const message of messages ?? []) {
        // The name in a Raft message is the one its certificate proves.
        if (message.type === 'raft' && message.message.from !== from) {
          connection.fail(new AppError('PROTOCOL', `${from} speaks for another node.`))
          return
        }
        handlers.onMessage(from, message)
      }
    }
    this.#onRegion(from)
  }

  #onRack(connection: FramedConnection, rackId: string): void {
    connection.allowFrames(FRAME_LIMITS.rackBytesMax)
    const silence = this.#watchSilence(connection)
    const link = new RackConnection(rackId, connection)
    connection.onFrame = (body) => {
      silence.heard()
      link.receive(body)
    }
    const counted = connection.onClose
    connection.onClose = (error) => {
      counted(error)
      link.onClose()
    }
    this.#context.handlers.onRack(link)
  }

  #onSnapshot(connection: FramedConnection, from: string): void {
    connection.allowFrames(FRAME_LIMITS.peerBytesMax)
    connection.onFrame = (body) => {
      const offer = connection.decode(decodeSnapshotOffer, body)
      if (offer === null) return
      const chunks = new IncomingSnapshot(connection, offer, this.#context.limits)
      if (offer.from !== from) chunks.answer(false, 'The offer names another sender.')
      else if (this.#receivingSnapshot) chunks.answer(false, 'Another snapshot is being received.')
      else void this.#receive(offer, chunks)
    }
  }

  /** Never rejects. */
  async #receive(
    offer: Parameters<TransportContext['handlers']['onSnapshot']>[0],
    chunks: IncomingSnapshot,
  ): Promise<void> {
    const { handlers, logger } = this.#context
    this.#receivingSnapshot = true
    try {
      await handlers.onSnapshot(offer, chunks)
      chunks.answer(true, '')
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      logger.warn('raft.snapshot_refused', { from: offer.from, error: message })
      chunks.answer(false, message)
    } finally {
      this.#receivingSnapshot = false
    }
  }

  #refuse(connection: FramedConnection, refusal: Refused, address: string): void {
    const { metrics, logger } = this.#context
    const { code, message } = refusal
    metrics.count('ironraft_peer_handshake_failures_total', { reason: code })
    logger.warn('peer.connection_refused', { address, error_code: code, error: message })
    connection.onFrame = () => {}
    connection.sendFrame(encodeGreeting(refusal))
    connection.close()
  }

  #outOfTurn(connection: FramedConnection): void {
    connection.fail(new AppError('PROTOCOL', 'A frame came out of turn.'))
  }

  #countFailure(error: Error): void {
    const reason = error instanceof AppError ? error.code : 'socket'
    this.#context.metrics.count('ironraft_peer_errors_total', { reason })
    this.#context.logger.debug('peer.connection_failed', { reason, error: error.message })
  }

  /** Ticks, not time: a pause of this process is not the other's silence. */
  #watchSilence(connection: FramedConnection): { heard: () => void } {
    const ticksMax = 4
    let silentTicks = 0
    const timer = setInterval(() => {
      if (connection.closed) clearInterval(timer)
      else if (++silentTicks > ticksMax) {
        connection.fail(new AppError('TIMEOUT', 'Nothing was heard for too long.'))
      }
    }, this.#context.limits.silentMs / ticksMax)
    timer.unref()
    return { heard: () => void (silentTicks = 0) }
  }
}

function pick(refusal: { readonly code: Refused['code']; readonly message: string }) {
  const { code, message } = refusal
  return { code, message }
}

function addressOf(socket: TLSSocket): string {
  return `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
}
