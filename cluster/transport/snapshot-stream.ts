// Snapshots on a connection of their own, so that a gigabyte never stands before a heartbeat. After the
// greeting: the offer, the answer how much of it is there already from a try that broke, the chunks from
// there on, an empty frame; the receiver answers when all is durable. A chunk travels in parts of one frame each, headed by a byte that says whether more of it follows: the
// receiver gets the chunks that the sender's store had, whatever their size.
import { AppError } from '#model/errors.ts'
import type { FramedConnection } from '#protocol/framed-connection.ts'
import { decodeGreeting, encodeGreeting } from '#protocol/hello.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import { encodeSnapshotOffer } from '#protocol/peer-codec.ts'
import type { TransportLimits } from './limits.ts'
import type { IncomingChunks } from './links.ts'

const EMPTY = new Uint8Array(0)
const MORE_FOLLOWS = 1
const CHUNK_ENDS = 0

/** What `streamSnapshot` sends. */
export type OutgoingSnapshot = {
  readonly offer: SnapshotOffer
  /** The content from a byte on at which a chunk begins. */
  readonly chunks: (from: number) => AsyncIterable<Uint8Array>
}

/** Resolves when the receiver has it durable. Closes the connection in every case. */
export async function streamSnapshot(
  connection: FramedConnection,
  { offer, chunks }: OutgoingSnapshot,
  limits: TransportLimits,
): Promise<void> {
  const { from, done } = answersOf(connection, offer)
  // Awaited below; a refusal while still sending must not count as unhandled.
  done.catch(() => {})
  from.catch(() => {})
  try {
    connection.sendFrame(encodeSnapshotOffer(offer))
    const first = offer.resumable === true ? await within(from, limits.snapshotResumeMs) : 0
    if (first === null) return
    for await (const chunk of chunks(first)) {
      for (const part of partsOf(chunk, limits.snapshotFrameBytes)) {
        if (connection.closed) await done
        if (connection.sendFrame(part)) continue
        await within(Promise.race([connection.drained(), done]), limits.snapshotStallMs)
      }
    }
    connection.sendFrame(EMPTY)
    await within(done, limits.snapshotDurableMs)
  } finally {
    connection.close()
  }
}

/** `from` is null when the receiver has all of it already. */
type Answers = { readonly from: Promise<number | null>; readonly done: Promise<void> }

/** Both reject with the first thing that goes wrong. */
function answersOf(connection: FramedConnection, offer: SnapshotOffer): Answers {
  const from = deferred<number | null>()
  const done = deferred<void>()
  const fail = (message: string, cause?: unknown): void => {
    const error = new AppError('PROTOCOL', message, { cause })
    from.reject(error)
    done.reject(error)
  }
  connection.onClose = (cause) => {
    fail('The connection closed before the snapshot was durable.', cause)
  }
  connection.onFrame = (body) => {
    const answer = connection.decode(decodeGreeting, body)
    if (answer === null) return
    if (answer.type === 'snapshotFrom' && answer.bytes <= offer.sizeBytes) {
      from.resolve(answer.bytes)
    } else if (answer.type !== 'snapshotDone') {
      fail('The peer answered the snapshot out of turn.')
    } else if (answer.ok) {
      from.resolve(null)
      done.resolve()
    } else fail(`The peer refused the snapshot: ${answer.message}`)
  }
  return { from: from.promise, done: done.promise }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
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
export class IncomingSnapshot implements IncomingChunks {
  readonly #connection: FramedConnection
  readonly #limits: TransportLimits
  #chunks: Uint8Array[] = []
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #complete = false
  #error: Error | null = null
  #wake: () => void = () => {}
  /** The sender still waits to hear where to begin. */
  #asked: boolean

  /** The connection has just delivered the offer. */
  constructor(connection: FramedConnection, offer: SnapshotOffer, limits: TransportLimits) {
    this.#connection = connection
    this.#asked = offer.resumable === true
    this.#limits = limits
    connection.onFrame = (body) => this.#onFrame(body)
    connection.onClose = (error) => {
      this.#error ??= error ?? new AppError('PROTOCOL', 'The snapshot was cut off.')
      this.#wake()
    }
  }

  beginAt(bytes: number): boolean {
    if (!this.#asked) return bytes === 0
    this.#asked = false
    this.#connection.sendFrame(encodeGreeting({ type: 'snapshotFrom', bytes }))
    return true
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#asked) this.beginAt(0)
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
