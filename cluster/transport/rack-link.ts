// The region's end of one rack connection, as `cluster/node/rack-service.ts` sees it.
import type { FramedConnection } from '#protocol/framed-connection.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'
import { decodeRackToRegion, encodeRackMessage } from '#protocol/rack-codec.ts'
import type { RackLink } from './links.ts'

export class RackConnection implements RackLink {
  readonly rackId: string
  onMessage: (message: RackToRegion) => void = () => {}
  onClose: () => void = () => {}
  readonly #connection: FramedConnection
  #flushScheduled = false

  constructor(rackId: string, connection: FramedConnection) {
    this.rackId = rackId
    this.#connection = connection
  }

  /** False when dropped: the queue is full, or the message is larger than a rack reads. */
  send(message: RegionToRack): boolean {
    const bytes = encodeRackMessage(message)
    if (bytes.length > FRAME_LIMITS.viewBytesMax) return false
    this.#flushSoon()
    return this.#connection.send(bytes)
  }

  close(): void {
    this.#connection.close()
  }

  queuedBytes(): number {
    return this.#connection.queuedBytes
  }

  /**
   * Replies come by the dozen out of one turn of the driver, which is an immediate itself: waiting for the
   * next one would cost each a whole round of the event loop.
   */
  #flushSoon(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    process.nextTick(() => {
      this.#flushScheduled = false
      this.#connection.flush()
    })
  }

  /** One frame; false when it was malformed. */
  receive(body: Uint8Array): boolean {
    const messages = this.#connection.decode(decodeRackToRegion, body)
    for (const message of messages ?? []) {
      if (this.#connection.closed) break
      this.onMessage(message)
    }
    return messages !== null
  }
}
