// Snapshots on a connection of their own, so that a gigabyte never stands before a heartbeat. After the
// greeting: the offer, then the chunks, then an empty frame; the receiver answers when all is durable. A
// chunk travels in parts of one frame each, headed by a byte that says whether more of it follows: the
// receiver gets the chunks that the sender's store had, whatever their size.
import { AppError } from '#model/errors.ts'
import type { FramedConnection } from '#protocol/framed-connection.ts'
import { decodeGreeting, encodeGreeting } from '#protocol/hello.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import { encodeSnapshotOffer } from '#protocol/peer-codec.ts'
import type { TransportLimits } from './limits.ts'

const EMPTY = new Uint8Array(0)
const MORE_FOLLOWS = 1
const CHUNK_ENDS = 0

/** Resolves when the receiver has it durable. Closes the connection in every case. */
export async function streamSnapshot(
  connection: FramedConnection,
  snapshot: { readonly offer: SnapshotOffer; readonly chunks: AsyncIterable<Uint8Array> },
  limits: TransportLimits,
): Promise<void> {
  const answer = answerOf(connection)
  // Awaited below; a refusal while still sending must not count as unhandled.
  answer.catch(() => {})
  try {
    connection.sendFrame(encodeSnapshotOffer(snapshot.offer))
    for await (const chunk of snapshot.chunks) {
      for (const part of partsOf(chunk, limits.snapshotFrameBytes)) {
        if (connection.closed) await answer
        if (connection.sendFrame(part)) continue
        await within(Promise.race([connection.drained(), answer]), limits.snapshotStallMs)
      }
    }
    connection.sendFrame(EMPTY)
    await within(answer, limits.snapshotDurableMs)
  } finally {
    connection.close()
  }
}

function answerOf(connection: FramedConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.onClose = (cause) => {
      const message = 'The connection closed before the snapshot was durable.'
      reject(new AppError('PROTOCOL', message, { cause }))
    }
    connection.onFrame = (body) => {
      const done = connection.decode(decodeGreeting, body)
      if (done?.type === 'snapshotDone' && done.ok) resolve()
      else if (done?.type === 'snapshotDone') {
        reject(new AppError('PROTOCOL', `The peer refused the snapshot: ${done.message}`))
      } else if (done !== null) {
        reject(new AppError('PROTOCOL', 'The peer answered the snapshot out of turn.'))
      }
    }
  })
}

function* partsOf(chunk: Uint8Array, bytesMax: number): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += bytesMax) {
    const end = Math.min(chunk.length, at + bytesMax)
    const part = new Uint8Array(1 + end - at)
    part[0] = end < chunk.length ? MORE_FOLLOWS : CHUNK_ENDS
    part.set(chunk.subarray(at, end), 1)
    yield part
  }
}

/** The receiver's end: chunks as they come, read no faster than they are consumed. */
export class IncomingSnapshot implements AsyncIterable<Uint8Array> {
  readonly #connection: FramedConnection
  readonly #limits: TransportLimits
  #chunks: Uint8Array[] = []
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #complete = false
  #error: Error | null = null
  #wake: () => void = () => {}

  /** The connection has just delivered the offer. */
  constructor(connection: FramedConnection, limits: TransportLimits) {
    this.#connection = connection
    this.#limits = limits
    connection.onFrame = (body) => this.#onFrame(body)
    connection.onClose = (error) => {
      this.#error ??= error ?? new AppError('PROTOCOL', 'The snapshot was cut off.')
      this.#wake()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        yield chunk
        continue
      }
      if (this.#complete) return
      if (this.#error !== null) throw this.#error
      this.#connection.resume()
      await within(
        new Promise<void>((resolve) => (this.#wake = resolve)),
        this.#limits.snapshotStallMs,
      )
    }
  }

  /** The last word of the receiver. */
  answer(ok: boolean, message: string): void {
    this.#connection.sendFrame(encodeGreeting({ type: 'snapshotDone', ok, message }))
    this.#connection.resume()
    this.#connection.close()
  }

  #onFrame(body: Uint8Array): void {
    if (this.#complete || this.#error !== null) return
    const fault = body.length === 0 ? this.#end() : this.#takePart(body)
    if (fault !== null) {
      this.#error = new AppError('PROTOCOL', `Malformed snapshot: ${fault}.`)
      this.#connection.fail(this.#error)
    }
    this.#wake()
  }

  /** What is wrong, null for nothing. */
  #end(): string | null {
    if (this.#parts.length > 0) return 'a chunk was cut off'
    this.#complete = true
    return null
  }

  #takePart(body: Uint8Array): string | null {
    const mark = body[0]
    if (mark !== MORE_FOLLOWS && mark !== CHUNK_ENDS) return 'a frame has no mark'
    this.#partsBytes += body.length
    if (this.#partsBytes > this.#limits.snapshotChunkBytesMax) return 'a chunk is too large'
    this.#parts.push(body.subarray(1))
    if (mark === MORE_FOLLOWS) return null
    // Joining copies: the chunk is the consumer's to keep.
    this.#chunks.push(new Uint8Array(Buffer.concat(this.#parts)))
    this.#parts = []
    this.#partsBytes = 0
    this.#connection.pause()
    return null
  }
}

async function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AppError('TIMEOUT', 'The snapshot does not move.'))
    }, limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
