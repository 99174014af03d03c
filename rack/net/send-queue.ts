// Datagrams waiting for one sendmmsg. A full queue sends itself; what the kernel does not take is
// dropped and counted (UDP may lose; blocking the event loop may not).
import { MessageVector } from './message-vector.ts'
import { MSG_DONTWAIT, type NativeCalls } from './native-calls.ts'
import { EINTR, SocketError } from './socket-error.ts'

export class SendQueue {
  readonly vector: MessageVector
  sent = 0
  failures = 0
  lastError = ''
  readonly #calls: NativeCalls
  readonly #fd: number
  #queued = 0

  constructor(
    calls: NativeCalls,
    fd: number,
    limits: { readonly count: number; readonly slotBytes: number },
  ) {
    this.#calls = calls
    this.#fd = fd
    this.vector = new MessageVector({ ...limits, addressOf: calls.addressOf })
  }

  /** Index of the next free message; sends first when all are taken. Fill it, then `commit`. */
  next(): number {
    if (this.#queued === this.vector.count) this.flush()
    return this.#queued
  }

  commit(lengths: { readonly name: number; readonly control: number; readonly payload: number }) {
    this.vector.setLengths(this.#queued, lengths)
    this.#queued++
  }

  flush(): void {
    let at = 0
    // Bounded: each turn either sends or drops at least one, or was interrupted (at most 8 times).
    for (let interrupts = 0; at < this.#queued && interrupts < 8; ) {
      const sent = this.#calls.sendmmsg(
        this.#fd,
        this.vector.headerAddress(at),
        this.#queued - at,
        MSG_DONTWAIT,
      )
      if (sent > 0) {
        at += sent
        this.sent += sent
        continue
      }
      const errno = this.#calls.errno()
      if (errno === EINTR) {
        interrupts++
        continue
      }
      // An ICMP refusal of an earlier datagram, no route, a full buffer: this one is lost, not the rest.
      this.lastError = new SocketError('sendmmsg', errno).code
      this.failures++
      at++
    }
    this.#queued = 0
  }
}
