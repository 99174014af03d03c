// The TFTP server (read only): requests on one port, each transfer on a port of its own, which is its
// transfer id (RFC 1350 §4). Each request costs a socket, so their number is bounded, in all and per
// client; what is above is dropped and asked for again. No datagram can throw through here.
import { formatIpv4, makeIpv4 } from '#model/ipv4.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { Clock, Logger, Metrics } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { Datagram, SendTo, UdpOptions, UdpSocket } from '#rack/net/udp-socket.ts'
import { normalisePath, toNetascii } from './boot-files.ts'
import { negotiate, TRANSFER_LIMITS, type TransferLimits } from './negotiate.ts'
import { ERROR_CODE, formatError, parsePacket, type TftpRequest } from './packet.ts'
import { Transfer, type Step } from './transfer.ts'

export type TftpFileRequest = {
  /** Normalised: no leading slash, no `..`. */
  readonly path: string
  readonly client: Ipv4
  /** Address of this host that the client asked; undefined when the socket cannot tell. */
  readonly server: Ipv4 | undefined
}

export type TftpOptions = {
  readonly address: Ipv4
  readonly port: number
  readonly openUdp: (options: UdpOptions) => Promise<UdpSocket>
  /** Undefined: no such file. The bytes are kept until the transfer ends and must not change. */
  readonly readFile: (request: TftpFileRequest) => Promise<Uint8Array | undefined>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits?: TransferLimits
}

export type TftpServer = { readonly port: number; readonly close: () => Promise<void> }

const SESSIONS_MAX = 1_024
const SESSIONS_PER_CLIENT_MAX = 32
const TICK_MS = 50
const REQUEST_BYTES_MAX = 2_048
/** A client sends ACKs and errors only. */
const SESSION_SLOT = { batch: 4, slotBytes: 600 }
const SEGMENTS_MAX = 60
const SEGMENTS_BYTES_MAX = 65_000

type Session = {
  readonly key: string
  readonly client: Ipv4
  readonly to: SendTo
  readonly request: TftpRequest
  socket: UdpSocket | undefined
  transfer: Transfer | undefined
  closed: boolean
}

/** Rejects with SocketError when the port cannot be bound. */
export async function startTftp(options: TftpOptions): Promise<TftpServer> {
  const sessions = new Sessions(options)
  const { address, port } = options
  const socket = await options.openUdp({
    address,
    port,
    packetInfo: true,
    batch: 32,
    slotBytes: REQUEST_BYTES_MAX,
    onError: (error) => options.logger.warn('tftp.receive_failed', { error: describeError(error) }),
  })
  socket.onDatagram((datagram) => sessions.onRequest(datagram, socket))
  const timer = setInterval(() => sessions.tick(), TICK_MS).unref()
  return {
    port: socket.port,
    close: async () => {
      clearInterval(timer)
      await Promise.all([socket.close(), sessions.close()])
    },
  }
}

class Sessions {
  readonly #options: TftpOptions
  readonly #sessions = new Map<string, Session>()
  readonly #perClient = new Map<Ipv4, number>()
  readonly #closing = new Set<Promise<void>>()

  constructor(options: TftpOptions) {
    this.#options = options
  }

  onRequest(datagram: Datagram, socket: UdpSocket): void {
    const { address, port, destination } = datagram
    const packet = parsePacket(datagram.bytes)
    const to: SendTo = {
      address,
      port,
      ...(destination === undefined ? {} : { source: destination }),
    }
    if (packet?.type !== 'RRQ') {
      this.#count(packet === undefined ? 'malformed' : 'refused')
      // Only a WRQ is answered: an ERROR for junk would make this a reflector.
      if (packet?.type === 'WRQ') {
        socket.send(formatError(ERROR_CODE.accessViolation, 'This server is read only'), to)
        socket.flush()
      }
      return
    }
    const path = normalisePath(packet.filename)
    if (path === undefined || (packet.mode !== 'octet' && packet.mode !== 'netascii')) {
      this.#count('refused')
      const error =
        path === undefined
          ? formatError(ERROR_CODE.accessViolation, 'Not a file of this server')
          : formatError(ERROR_CODE.illegalOperation, 'Mode must be octet or netascii')
      socket.send(error, to)
      socket.flush()
      return
    }
    this.#admit(packet, { path, client: address, server: destination }, to)
  }

  tick(): void {
    const now = this.#options.clock.monotonicMs()
    for (const session of this.#sessions.values()) {
      const { transfer } = session
      if (transfer !== undefined && transfer.deadlineMs <= now) {
        this.#perform(session, transfer.onTimeout(now))
      }
    }
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) this.#drop(session)
    await Promise.all(this.#closing)
  }

  /** A request repeated before its first answer arrived changes nothing; a new one replaces the old. */
  #admit(request: TftpRequest, file: TftpFileRequest, to: SendTo): void {
    const key = `${to.address}:${to.port}`
    const before = this.#sessions.get(key)
    if (before !== undefined) {
      const isRepeat = before.request.filename === request.filename
      if (isRepeat && before.transfer?.answered !== true) return
      this.#drop(before)
    }
    const ofClient = this.#perClient.get(to.address) ?? 0
    if (this.#sessions.size >= SESSIONS_MAX || ofClient >= SESSIONS_PER_CLIENT_MAX) {
      this.#count('overloaded')
      return
    }
    const parts = { socket: undefined, transfer: undefined, closed: false }
    const session: Session = { key, client: to.address, to, request, ...parts }
    this.#sessions.set(key, session)
    this.#perClient.set(to.address, ofClient + 1)
    this.#begin(session, file).catch((error: unknown) => {
      this.#options.logger.warn('tftp.transfer_failed', {
        path: file.path,
        client: formatIpv4(session.client),
        error: describeError(error),
      })
      this.#count('failed')
      this.#drop(session)
    })
  }

  async #begin(session: Session, file: TftpFileRequest): Promise<void> {
    const { openUdp, readFile, clock, limits } = this.#options
    const socket = await openUdp({
      // Answered from the address that was asked (RFC 1350 §4 on hosts with several).
      address: session.to.source ?? makeIpv4(0),
      port: 0,
      ...SESSION_SLOT,
      onError: () => this.#count('receiveFailed'),
    })
    session.socket = socket
    if (session.closed) {
      await socket.close()
      return
    }
    socket.onDatagram((datagram) => this.#onDatagram(session, datagram))
    const found = await readFile(file)
    if (session.closed) return
    if (found === undefined) {
      socket.send(formatError(ERROR_CODE.fileNotFound, 'File not found'), session.to)
      socket.flush()
      this.#count('notFound')
      this.#drop(session)
      return
    }
    const bytes = session.request.mode === 'netascii' ? toNetascii(found) : found
    const negotiated = negotiate(session.request.options, bytes.length, limits ?? TRANSFER_LIMITS)
    session.transfer = new Transfer(bytes, negotiated)
    this.#perform(session, session.transfer.start(clock.monotonicMs()))
  }

  #onDatagram(session: Session, datagram: Datagram): void {
    const { socket, to, transfer } = session
    if (session.closed || socket === undefined) return
    if (datagram.address !== to.address || datagram.port !== to.port) {
      // RFC 1350 §4: to that sender, and the transfer goes on. Errors are never answered.
      if (parsePacket(datagram.bytes)?.type === 'ERROR') return
      socket.send(formatError(ERROR_CODE.unknownTransferId, 'Unknown transfer ID'), {
        address: datagram.address,
        port: datagram.port,
      })
      return
    }
    if (transfer === undefined) return
    this.#perform(session, transfer.onPacket(datagram.bytes, this.#options.clock.monotonicMs()))
  }

  #perform(session: Session, step: Step): void {
    const { socket, transfer, to } = session
    if (socket === undefined || transfer === undefined) return
    if (step.packet !== undefined) {
      socket.send(step.packet, to)
      socket.flush()
    }
    if (step.blocks !== undefined)
      sendBlocks(socket, { transfer, to, first: step.blocks.from, last: step.blocks.to })
    if (step.end === undefined) return
    // Error 8 and 0 end a size probe (RRQ with tsize, then a new RRQ): normal, not a failure.
    this.#count(step.end.result)
    if (step.end.result === 'timedOut') {
      this.#options.logger.info('tftp.timed_out', { client: formatIpv4(session.client) })
    }
    this.#drop(session)
  }

  #drop(session: Session): void {
    if (session.closed) return
    session.closed = true
    if (this.#sessions.get(session.key) === session) this.#sessions.delete(session.key)
    const left = (this.#perClient.get(session.client) ?? 1) - 1
    if (left > 0) this.#perClient.set(session.client, left)
    else this.#perClient.delete(session.client)
    const { socket } = session
    if (socket === undefined) return
    // node:dgram sends on the next tick: an ERROR that ends the session must leave before the close.
    const closing = new Promise((resolve) => setImmediate(resolve)).then(() => socket.close())
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }

  #count(result: string): void {
    this.#options.metrics.count('ironraft_tftp_transfers_total', { result })
  }
}

/** Whole windows by UDP_SEGMENT, without copying a block; only the file's last datagram may be shorter. */
function sendBlocks(
  socket: UdpSocket,
  window: {
    readonly transfer: Transfer
    readonly to: SendTo
    readonly first: number
    readonly last: number
  },
): void {
  let buffers: Uint8Array[] = []
  let bytes = 0
  let segmentBytes = 0
  for (let number = window.first; number <= window.last; number++) {
    const [header, body] = window.transfer.block(number)
    const blockBytes = header.length + body.length
    const isFull = buffers.length / 2 >= SEGMENTS_MAX || bytes + blockBytes > SEGMENTS_BYTES_MAX
    if (isFull && buffers.length > 0) {
      socket.sendSegments(window.to, buffers, segmentBytes)
      buffers = []
      bytes = 0
    }
    if (buffers.length === 0) segmentBytes = blockBytes
    buffers.push(header, body)
    bytes += blockBytes
  }
  if (buffers.length > 0) socket.sendSegments(window.to, buffers, segmentBytes)
}
