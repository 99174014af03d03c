// Many equal datagrams to one peer in one sendmsg (UDP generic segmentation offload, udp(7)
// UDP_SEGMENT): a TFTP window without copying a byte in JavaScript. Where the kernel or the path refuses
// it, the same segments leave one by one.
import assert from 'node:assert/strict'
import { writeSockaddrIn } from './descriptor.ts'
import { IPPROTO_UDP, MSG_DONTWAIT, type NativeCalls, UDP_SEGMENT } from './native-calls.ts'
import { EAGAIN, SocketError } from './socket-error.ts'
import type { SendTo } from './udp-socket.ts'

const BUFFERS_MAX = 128
const NAME = 64
const CONTROL = 96
const IOVECS = 128
const CONTROL_BYTES = 24 // cmsghdr 16 + u16, aligned to 8
const DATAGRAM_BYTES_MAX = 65_507

export class SegmentSender {
  sent = 0
  failures = 0
  lastError = ''
  readonly #calls: NativeCalls
  readonly #fd: number
  /** struct msghdr at 0, name, control message, iovecs. */
  readonly #view = new DataView(new ArrayBuffer(IOVECS + BUFFERS_MAX * 16))
  readonly #address: bigint
  /** ArrayBuffer → address of its first byte; entries go with their buffers. */
  readonly #addresses = new WeakMap<ArrayBufferLike, bigint>()

  constructor(calls: NativeCalls, fd: number) {
    this.#calls = calls
    this.#fd = fd
    const view = this.#view
    this.#address = calls.addressOf(view.buffer)
    view.setBigUint64(0, this.#address + BigInt(NAME), true)
    view.setUint32(8, 16, true)
    view.setBigUint64(16, this.#address + BigInt(IOVECS), true)
    view.setBigUint64(32, this.#address + BigInt(CONTROL), true)
    view.setBigUint64(CONTROL, 18n, true)
    view.setInt32(CONTROL + 8, IPPROTO_UDP, true)
    view.setInt32(CONTROL + 12, UDP_SEGMENT, true)
  }

  send(to: SendTo, buffers: readonly Uint8Array[], segmentBytes: number): boolean {
    const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    assert(buffers.length > 0 && buffers.length <= BUFFERS_MAX && total <= DATAGRAM_BYTES_MAX)
    assert(segmentBytes > 0 && segmentBytes <= 65_535)
    writeSockaddrIn(this.#view, NAME, to)
    buffers.forEach((buffer, i) => this.#setIovec(i, buffer))
    const count = Math.max(1, Math.ceil(total / segmentBytes))
    if (count === 1) return this.#sendmsg(buffers.length, 0, 1)
    this.#view.setUint16(CONTROL + 16, segmentBytes, true)
    if (this.#sendmsg(buffers.length, CONTROL_BYTES, count)) return true
    // A full buffer would refuse single datagrams as well; the client asks again.
    if (this.lastError === new SocketError('', EAGAIN).code) return false
    return this.#sendSingly(buffers, segmentBytes)
  }

  #sendmsg(iovecs: number, controlBytes: number, datagrams: number): boolean {
    this.#view.setBigUint64(24, BigInt(iovecs), true)
    this.#view.setBigUint64(40, BigInt(controlBytes), true)
    if (this.#calls.sendmsg(this.#fd, this.#address, MSG_DONTWAIT) >= 0) {
      this.sent += datagrams
      return true
    }
    this.lastError = new SocketError('sendmsg', this.#calls.errno()).code
    this.failures++
    return false
  }

  #sendSingly(buffers: readonly Uint8Array[], segmentBytes: number): boolean {
    const all = new Uint8Array(Buffer.concat(buffers))
    let some = false
    for (let at = 0; at < all.length; at += segmentBytes) {
      this.#setIovec(0, all.subarray(at, at + segmentBytes))
      some = this.#sendmsg(1, 0, 1) || some
    }
    return some
  }

  #setIovec(i: number, buffer: Uint8Array): void {
    const memory = buffer.buffer
    let base = this.#addresses.get(memory)
    if (base === undefined) {
      base = this.#calls.addressOf(memory)
      this.#addresses.set(memory, base)
    }
    // A detached buffer has no length any more, so nothing of its old memory can be named here.
    this.#view.setBigUint64(IOVECS + i * 16, base + BigInt(buffer.byteOffset), true)
    this.#view.setBigUint64(IOVECS + i * 16 + 8, BigInt(buffer.length), true)
  }
}
