// The sending side towards one peer: keeps one connection up, dials again with backoff, drops what it
// cannot send. Raft repairs what is lost; what it cannot stand is a queue that hides for seconds that
// nothing gets through.
import { AppError } from '#model/errors.ts'
import { FIRST_LEVELS, type LevelRange } from '#model/feature-level.ts'
import type { FramedConnection } from '#protocol/framed-connection.ts'
import { levelsOf } from '#protocol/hello.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import { isKnownTo } from '#protocol/message-levels.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import { decodePeerMessages, encodePeerMessage } from '#protocol/peer-codec.ts'
import type { HostPort } from '#protocol/token.ts'
import type { TransportContext } from './context.ts'
import { dial } from './dial.ts'

const EMPTY = new Uint8Array(0)
/** Their refusal stands until somebody acts: dial seldom, say it once. */
const LASTING = ['CLUSTER_MISMATCH', 'CERTIFICATE_INVALID', 'UNSUPPORTED_VERSION', 'MEMBER_REMOVED']

export class PeerClient {
  readonly #context: TransportContext
  readonly #peer: string
  readonly #address: () => HostPort | undefined
  readonly #abort = new AbortController()
  #connection: FramedConnection | null = null
  /** Of the peer, by its welcome. */
  #levels: LevelRange = FIRST_LEVELS
  #failures = 0
  #timer: NodeJS.Timeout | null = null
  #dialing: Promise<void> | null = null
  #redial = false
  /** Told about the closed port since the last connection. */
  #toldRefused = false
  #lastError = ''

  constructor(context: TransportContext, peer: string, address: () => HostPort | undefined) {
    this.#context = context
    this.#peer = peer
    this.#address = address
    this.#schedule(0)
  }

  get connected(): boolean {
    return this.#connection !== null
  }

  /** False when dropped. */
  send(message: PeerMessage): boolean {
    if (this.#connection !== null && !isKnownTo(message, this.#levels)) return false
    const sent = this.#send(message)
    if (!sent) {
      const labels = { type: message.type, peer: this.#peer }
      this.#context.metrics.count('ironraft_peer_messages_dropped_total', labels)
    }
    return sent
  }

  flush(): void {
    this.#connection?.flush()
  }

  /** The peer has just reached us: it lives, so do not wait for the backoff to end. */
  retryNow(): void {
    if (this.#connection !== null || this.#abort.signal.aborted) return
    this.#failures = 0
    if (this.#dialing === null) this.#schedule(0)
    else this.#redial = true
  }

  async close(): Promise<void> {
    this.#abort.abort()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#connection?.close()
    await this.#dialing
  }

  #send(message: PeerMessage): boolean {
    if (this.#connection === null) return false
    const bytes = encodePeerMessage(message)
    // The other side would close the link over it.
    if (bytes.length > FRAME_LIMITS.peerBytesMax) return false
    return this.#connection.send(bytes)
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#dialing = this.#dial().then(() => {
        this.#dialing = null
        this.#afterDial()
      })
    }, delayMs)
  }

  #afterDial(): void {
    if (this.#connection !== null) return
    const soon = this.#redial
    this.#redial = false
    this.#schedule(soon ? 0 : this.#backoffMs())
  }

  /** Never rejects. */
  async #dial(): Promise<void> {
    const address = this.#address()
    if (address === undefined) {
      this.#failures++
      return
    }
    try {
      const connection = await dial(this.#context, {
        peer: this.#peer,
        address,
        purpose: 'messages',
        signal: this.#abort.signal,
        onWelcome: (welcomed, welcome) => this.#onConnected(welcomed, levelsOf(welcome)),
      })
      if (this.#abort.signal.aborted) connection.close()
    } catch (error) {
      this.#onFailure(error)
    }
  }

  #onConnected(connection: FramedConnection, levels: LevelRange): void {
    const { handlers, limits, logger, metrics } = this.#context
    this.#connection = connection
    this.#levels = levels
    this.#failures = 0
    this.#lastError = ''
    this.#toldRefused = false
    let unanswered = 0
    // Counted in pings, not in time: a pause of our own process must not look like the peer's.
    const pinger = setInterval(() => {
      if (unanswered >= limits.unansweredPingsMax) {
        connection.fail(new AppError('TIMEOUT', 'The peer does not answer.'))
        return
      }
      unanswered++
      connection.sendFrame(EMPTY)
    }, limits.pingMs)
    connection.onFrame = (body) => {
      unanswered = 0
      // A peer that cannot dial us, because it does not know us yet, answers here (D11).
      const messages = body.length === 0 ? [] : connection.decode(decodePeerMessages, body)
      for (const message of messages ?? []) handlers.onMessage(this.#peer, message)
    }
    connection.onClose = (error) => {
      clearInterval(pinger)
      this.#connection = null
      const fields = { peer: this.#peer, error: error?.message ?? null }
      logger.info('peer.disconnected', fields)
      handlers.onConnection(this.#peer, false, false)
      if (this.#dialing === null) this.#schedule(0)
    }
    logger.info('peer.connected', { peer: this.#peer })
    metrics.count('ironraft_peer_connections_total', { peer: this.#peer, result: 'connected' })
    handlers.onConnection(this.#peer, true, false, levels)
  }

  #onFailure(error: unknown): void {
    if (this.#abort.signal.aborted) return
    const { handlers, metrics, logger } = this.#context
    this.#failures++
    const code = codeOf(error)
    metrics.count('ironraft_peer_connections_total', { peer: this.#peer, result: code })
    if (code === 'MEMBER_REMOVED') handlers.onRemoved()
    if (code === 'ECONNREFUSED' && !this.#toldRefused) {
      this.#toldRefused = true
      handlers.onConnection(this.#peer, false, true)
    }
    const message = error instanceof Error ? error.message : String(error)
    if (this.#lastError === `${code} ${message}`) return
    this.#lastError = `${code} ${message}`
    const fields = { peer: this.#peer, error_code: code, error: message }
    if (LASTING.includes(code)) logger.error('peer.refused', fields)
    else logger.info('peer.unreachable', fields)
  }

  /** Doubles up to the limit; half of it is chance, so that peers do not dial in step. */
  #backoffMs(): number {
    const { limits, random } = this.#context
    if (LASTING.some((code) => this.#lastError.startsWith(code))) return limits.refusedBackoffMs
    const doubled = limits.backoffMsMin * 2 ** Math.min(this.#failures, 10)
    const ceiling = Math.min(limits.backoffMsMax, doubled)
    return ceiling / 2 + random.integer(Math.ceil(ceiling / 2))
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AppError) return error.code
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'INTERNAL'
}
