// A byte stream as a connection of frames, both directions, both ends. Messages sent in one turn of the
// event loop leave as one frame and one write, at once when whoever sent them says `flush`; the queue before the socket is bounded in bytes and in
// messages and drops the newest. A malformed frame closes the connection and is told once; an error in
// the receiver's own code is not caught here, because a bug must not look like bad input.
import type { Duplex } from 'node:stream'
import { AppError } from '#model/errors.ts'
import { frame, Framer } from './framer.ts'
import { FRAME_LIMITS } from './limits.ts'

export type FramedOptions = {
  /** Of frames received; `allowFrames` raises it when the other side is known. */
  readonly frameBytesMax: number
  /** Waiting here and in the socket together. */
  readonly queueBytesMax: number
  readonly queueMessagesMax: number
}

export class FramedConnection {
  /** The body is valid until the handler returns, unless the handler keeps it alone and whole. */
  onFrame: (body: Uint8Array) => void = () => {}
  /** Once, whoever closed; `error` is null for an orderly end. */
  onClose: (error: Error | null) => void = () => {}
  readonly #stream: Duplex
  readonly #options: FramedOptions
  readonly #framer: Framer
  #queue: Uint8Array[] = []
  #queueBytes = 0
  #flushScheduled = false
  #waitsForDrain = false
  #ended = false
  #closed = false
  #error: Error | null = null
  #paused = false

  constructor(stream: Duplex, options: FramedOptions) {
    this.#stream = stream
    this.#options = options
    this.#framer = new Framer({ frameBytesMax: options.frameBytesMax, allowEmpty: true })
    stream.on('data', (chunk: Uint8Array) => this.#onData(chunk))
    stream.on('drain', () => this.#onDrain())
    stream.on('error', (error: Error) => {
      this.#error ??= error
    })
    stream.on('end', () => this.close())
    stream.on('close', () => this.#onStreamClose())
  }

  get closed(): boolean {
    return this.#closed || this.#ended
  }

  /** Bytes waiting here and in the socket. */
  get queuedBytes(): number {
    return this.#queueBytes + this.#stream.writableLength
  }

  allowFrames(frameBytesMax: number): void {
    this.#framer.frameBytesMax = frameBytesMax
  }

  /** Queues one encoded message; false when it was dropped. */
  send(message: Uint8Array): boolean {
    if (this.closed) return false
    if (this.#queue.length >= this.#options.queueMessagesMax) return false
    const waiting = this.queuedBytes
    // One message larger than the whole queue may still go when nothing else waits.
    if (waiting > 0 && waiting + message.length > this.#options.queueBytesMax) return false
    this.#queue.push(message)
    this.#queueBytes += message.length
    this.#scheduleFlush()
    return true
  }

  /** Writes one frame now, empty ones too; false when the writer should wait for `drained`. */
  sendFrame(body: Uint8Array): boolean {
    if (this.closed) return true
    this.flush()
    return this.#stream.write(frame([body]))
  }

  /** Resolves when the socket has taken what was written; rejects when the connection closes first. */
  drained(): Promise<void> {
    const stream = this.#stream
    return new Promise((resolve, reject) => {
      if (!stream.writableNeedDrain) {
        resolve()
        return
      }
      const onDrain = (): void => {
        stream.off('close', onClose)
        resolve()
      }
      const onClose = (): void => {
        stream.off('drain', onDrain)
        reject(new AppError('PROTOCOL', 'The connection closed.', { cause: this.#error }))
      }
      stream.once('drain', onDrain)
      stream.once('close', onClose)
    })
  }

  /** Backpressure: no more frames until `resume`, except those of the chunk in hand. */
  pause(): void {
    this.#paused = true
    this.#stream.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#stream.resume()
  }

  /** Decodes what came in; null when it was malformed, the connection is then closing. */
  decode<T>(decoder: (body: Uint8Array) => T, body: Uint8Array): T | null {
    try {
      return decoder(body)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'PROTOCOL') throw error
      this.fail(error)
      return null
    }
  }

  /** Closes at once, with the reason that `onClose` gets. */
  fail(error: Error): void {
    this.#error ??= error
    this.#ended = true
    this.#stream.destroy()
  }

  /** What is queued still leaves. */
  close(): void {
    if (this.closed) return
    this.#waitsForDrain = false
    while (this.#queue.length > 0) this.#writeFrame()
    this.#ended = true
    this.#stream.end()
    // The other side may never read or answer the end.
    setTimeout(() => this.#stream.destroy(), 500).unref()
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled || this.#waitsForDrain) return
    this.#flushScheduled = true
    // After the I/O callbacks of this turn: everything they send goes into one write.
    setImmediate(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  /** Writes what is queued, instead of at the end of the turn. */
  flush(): void {
    while (this.#queue.length > 0 && !this.closed && !this.#waitsForDrain) {
      this.#waitsForDrain = !this.#writeFrame()
    }
  }

  #writeFrame(): boolean {
    const parts: Uint8Array[] = []
    let bytes = 0
    for (const message of this.#queue) {
      if (parts.length > 0 && bytes + message.length > FRAME_LIMITS.coalesceBytesMax) break
      parts.push(message)
      bytes += message.length
    }
    this.#queue = parts.length === this.#queue.length ? [] : this.#queue.slice(parts.length)
    this.#queueBytes -= bytes
    return this.#stream.write(frame(parts))
  }

  #onDrain(): void {
    this.#waitsForDrain = false
    this.flush()
  }

  #onData(chunk: Uint8Array): void {
    if (this.closed) return
    this.#framer.push(chunk)
    for (;;) {
      const body = this.#nextFrame()
      if (body === null) return
      this.onFrame(body)
      if (this.closed) return
    }
  }

  #nextFrame(): Uint8Array | null {
    try {
      return this.#framer.next()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.fail(error)
      return null
    }
  }

  #onStreamClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue = []
    this.#queueBytes = 0
    this.onClose(this.#error)
  }
}
