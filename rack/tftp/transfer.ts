// One read transfer as a state machine (RFC 1350 §2–§6, RFC 7440): packets and times in, packets out.
// Pure. Blocks are counted without end; their 16-bit numbers on the wire wrap to 0.
// A duplicate ACK never sends anything (RFC 1123 §4.2.3.1): only a new ACK or the timer does. An ACK
// inside the window tells of a loss: sending goes on behind it (RFC 7440 §4), once for each such ACK.
import assert from 'node:assert/strict'
import type { Negotiated } from './negotiate.ts'
import { ERROR_CODE, formatDataHeader, formatError, formatOack, parsePacket } from './packet.ts'

export type TransferEnd =
  | { readonly result: 'complete' }
  /** The client said so: it had enough (code 8 after a size probe), or no room. */
  | { readonly result: 'aborted'; readonly code: number; readonly message: string }
  | { readonly result: 'timedOut' }
  | { readonly result: 'illegal' }

/** What the server does now: single packets, then blocks `from` … `to` (absolute, inclusive). */
export type Step = {
  readonly packet: Uint8Array | undefined
  readonly blocks: { readonly from: number; readonly to: number } | undefined
  readonly end: TransferEnd | undefined
}

const FIRST_TIMEOUT_MS = 1_000
const TIMEOUT_MS_MIN = 200
const TIMEOUT_MS_MAX = 8_000
/** Sent once and again five times: with doubling, a client is given about a minute. */
const SENDS_MAX = 6
const NOTHING: Step = { packet: undefined, blocks: undefined, end: undefined }

export class Transfer {
  readonly #file: Uint8Array
  readonly #negotiated: Negotiated
  /** The last block is shorter than blksize, empty if need be (RFC 1350 §6). */
  readonly #blockCount: number
  #phase: 'new' | 'oack' | 'data' | 'ended' = 'new'
  #acked = 0
  #sent = 0
  /** Sends of the present window; above 1 its round trip says nothing (Karn). */
  #sends = 0
  #sentAtMs = 0
  #deadlineMs = 0
  #timeoutMs: number
  #smoothedRttMs: number | undefined
  #rttVarianceMs = 0

  constructor(file: Uint8Array, negotiated: Negotiated) {
    assert(negotiated.blockBytes >= 8 && negotiated.windowBlocks >= 1)
    this.#file = file
    this.#negotiated = negotiated
    this.#blockCount = Math.floor(file.length / negotiated.blockBytes) + 1
    this.#timeoutMs = negotiated.timeoutMs ?? FIRST_TIMEOUT_MS
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  /** The client has answered at least once, so it holds our transfer id. */
  get answered(): boolean {
    return this.#acked > 0 || this.#phase === 'data' || this.ended
  }

  get deadlineMs(): number {
    return this.#deadlineMs
  }

  start(nowMs: number): Step {
    assert(this.#phase === 'new')
    this.#phase = this.#negotiated.accepted.length > 0 ? 'oack' : 'data'
    return this.#send(nowMs)
  }

  /** `bytes` came from the client's own address and port. Malformed ones are ignored. */
  onPacket(bytes: Uint8Array, nowMs: number): Step {
    const packet = parsePacket(bytes)
    if (packet === undefined || this.ended || this.#phase === 'new') return NOTHING
    if (packet.type === 'ACK') return this.#onAck(packet.block, nowMs)
    if (packet.type === 'ERROR') {
      return this.#end({ result: 'aborted', code: packet.code, message: packet.message })
    }
    const packetOut = formatError(ERROR_CODE.illegalOperation, 'Illegal TFTP operation')
    return { ...this.#end({ result: 'illegal' }), packet: packetOut }
  }

  /** Call at `deadlineMs` or later. */
  onTimeout(nowMs: number): Step {
    if (this.ended || nowMs < this.#deadlineMs) return NOTHING
    if (this.#sends >= SENDS_MAX) return this.#end({ result: 'timedOut' })
    // A client's own timeout is fixed by contract; ours backs off.
    if (this.#negotiated.timeoutMs === undefined) {
      this.#timeoutMs = Math.min(this.#timeoutMs * 2, TIMEOUT_MS_MAX)
    }
    return this.#send(nowMs)
  }

  /** Header and body of an absolute block number; the body is a view of the file. */
  block(number: number): readonly [Uint8Array, Uint8Array] {
    const { blockBytes } = this.#negotiated
    const start = (number - 1) * blockBytes
    return [formatDataHeader(number), this.#file.subarray(start, start + blockBytes)]
  }

  #onAck(wireBlock: number, nowMs: number): Step {
    if (this.#phase === 'oack') {
      if (wireBlock !== 0) return NOTHING
      this.#measure(nowMs)
      this.#phase = 'data'
      return this.#next(nowMs)
    }
    const ahead = (wireBlock - this.#acked) & 0xffff
    if (ahead === 0 || this.#acked + ahead > this.#sent) return NOTHING
    if (this.#acked + ahead === this.#sent) this.#measure(nowMs)
    this.#acked += ahead
    if (this.#acked === this.#blockCount) return this.#end({ result: 'complete' })
    return this.#next(nowMs)
  }

  #next(nowMs: number): Step {
    this.#sends = 0
    return this.#send(nowMs)
  }

  /** Whatever stands at the beginning of the window: the OACK, or the blocks behind the last ACK. */
  #send(nowMs: number): Step {
    this.#sends++
    this.#sentAtMs = nowMs
    this.#deadlineMs = nowMs + this.#timeoutMs
    if (this.#phase === 'oack') {
      return { ...NOTHING, packet: formatOack(this.#negotiated.accepted) }
    }
    const from = this.#acked + 1
    const to = Math.min(this.#acked + this.#negotiated.windowBlocks, this.#blockCount)
    this.#sent = to
    assert(from <= to)
    return { ...NOTHING, blocks: { from, to } }
  }

  /** RFC 6298 with a small floor: these are local networks. */
  #measure(nowMs: number): void {
    if (this.#negotiated.timeoutMs !== undefined || this.#sends !== 1) return
    const rttMs = nowMs - this.#sentAtMs
    if (this.#smoothedRttMs === undefined) {
      this.#smoothedRttMs = rttMs
      this.#rttVarianceMs = rttMs / 2
    } else {
      this.#rttVarianceMs += (Math.abs(rttMs - this.#smoothedRttMs) - this.#rttVarianceMs) / 4
      this.#smoothedRttMs += (rttMs - this.#smoothedRttMs) / 8
    }
    const timeoutMs = this.#smoothedRttMs + 4 * this.#rttVarianceMs
    this.#timeoutMs = Math.min(Math.max(timeoutMs, TIMEOUT_MS_MIN), TIMEOUT_MS_MAX)
  }

  #end(end: TransferEnd): Step {
    this.#phase = 'ended'
    return { ...NOTHING, end }
  }
}
