// One ArrayBuffer holding what recvmmsg and sendmmsg need for `count` datagrams: struct mmsghdr[],
// struct iovec[], peer names, control messages and payload slots. All addresses are written once; per
// packet only lengths change. Layout of 64-bit little-endian Linux (x86-64, arm64).
import assert from 'node:assert/strict'
import { MSG_TRUNC } from './native-calls.ts'

const HEADER_BYTES = 64 // struct mmsghdr: msghdr 56, msg_len 4, padding 4
const IOVEC_BYTES = 16
const NAME_BYTES = 32 // sockaddr_in 16, sockaddr_ll 20, sockaddr_in6 28
const CONTROL_BYTES = 64

const MSG_NAMELEN = 8
const MSG_CONTROLLEN = 40
const MSG_FLAGS = 48
const MSG_LEN = 56

export class MessageVector {
  readonly count: number
  readonly slotBytes: number
  readonly view: DataView
  readonly bytes: Uint8Array
  /** Address of `struct mmsghdr[0]`; valid while this object is reachable. */
  readonly address: bigint
  readonly #slots: readonly Uint8Array[]
  readonly #names: number
  readonly #controls: number
  readonly #iovecs: number

  /** `addressOf` gives the address of an ArrayBuffer's first byte. */
  constructor(options: {
    readonly count: number
    readonly slotBytes: number
    readonly addressOf: (buffer: ArrayBufferLike) => bigint
  }) {
    const { count, slotBytes } = options
    assert(count > 0 && count <= 1024 && slotBytes > 0 && slotBytes <= 65536)
    this.count = count
    this.slotBytes = slotBytes
    this.#iovecs = count * HEADER_BYTES
    this.#names = this.#iovecs + count * IOVEC_BYTES
    this.#controls = this.#names + count * NAME_BYTES
    const slots = this.#controls + count * CONTROL_BYTES
    const buffer = new ArrayBuffer(slots + count * slotBytes)
    this.view = new DataView(buffer)
    this.bytes = new Uint8Array(buffer)
    this.address = options.addressOf(buffer)
    this.#slots = Array.from({ length: count }, (_, i) =>
      this.bytes.subarray(slots + i * slotBytes, slots + (i + 1) * slotBytes),
    )
    for (let i = 0; i < count; i++) {
      const header = i * HEADER_BYTES
      const iovec = this.#iovecs + i * IOVEC_BYTES
      this.view.setBigUint64(header, this.address + BigInt(this.nameOffset(i)), true)
      this.view.setBigUint64(header + 16, this.address + BigInt(iovec), true)
      this.view.setBigUint64(header + 24, 1n, true)
      this.view.setBigUint64(header + 32, this.address + BigInt(this.controlOffset(i)), true)
      this.view.setBigUint64(iovec, this.address + BigInt(slots + i * slotBytes), true)
    }
  }

  nameOffset(i: number): number {
    return this.#names + i * NAME_BYTES
  }

  controlOffset(i: number): number {
    return this.#controls + i * CONTROL_BYTES
  }

  /** Address of message `i`'s header, for sendmmsg of a part. */
  headerAddress(i: number): bigint {
    return this.address + BigInt(i * HEADER_BYTES)
  }

  /** The payload slot, always the same object. */
  slot(i: number): Uint8Array {
    const slot = this.#slots[i]
    assert(slot !== undefined, 'message index out of range')
    return slot
  }

  /** Gives the kernel the whole of the first `used` slots back: those that the last recvmmsg filled. */
  prepareReceive(controlBytes: number, used = this.count): void {
    for (let i = 0; i < used; i++) {
      this.setLengths(i, { name: NAME_BYTES, control: controlBytes, payload: this.slotBytes })
    }
  }

  setLengths(
    i: number,
    lengths: { readonly name: number; readonly control: number; readonly payload: number },
  ): void {
    assert(lengths.payload <= this.slotBytes && lengths.control <= CONTROL_BYTES)
    const header = i * HEADER_BYTES
    this.view.setUint32(header + MSG_NAMELEN, lengths.name, true)
    this.view.setUint32(header + MSG_CONTROLLEN, lengths.control, true)
    this.view.setUint32(this.#iovecs + i * IOVEC_BYTES + 8, lengths.payload, true)
  }

  /** Bytes received into slot `i`. */
  receivedBytes(i: number): number {
    return this.view.getUint32(i * HEADER_BYTES + MSG_LEN, true)
  }

  receivedControlBytes(i: number): number {
    return this.view.getUint32(i * HEADER_BYTES + MSG_CONTROLLEN, true)
  }

  wasTruncated(i: number): boolean {
    return (this.view.getUint32(i * HEADER_BYTES + MSG_FLAGS, true) & MSG_TRUNC) !== 0
  }
}
