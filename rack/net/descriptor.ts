// Opening and configuring one descriptor through `NativeCalls`; every failure is a SocketError.
import type { Ipv4 } from '#model/ipv4.ts'
import {
  AF_INET,
  AF_PACKET,
  SO_BINDTODEVICE,
  SOCK_FLAGS,
  SOL_SOCKET,
  type NativeCalls,
} from './native-calls.ts'
import { SocketError } from './socket-error.ts'

export class Descriptor {
  readonly fd: number
  readonly #calls: NativeCalls
  readonly #scratch = new ArrayBuffer(64)
  readonly #address: bigint

  constructor(
    calls: NativeCalls,
    options: { readonly domain: number; readonly type: number; readonly protocol: number },
  ) {
    this.#calls = calls
    this.#address = calls.addressOf(this.#scratch)
    this.fd = calls.socket(options.domain, options.type | SOCK_FLAGS, options.protocol)
    if (this.fd < 0) throw new SocketError('socket', calls.errno())
  }

  setOption(option: {
    readonly level: number
    readonly name: number
    readonly value: number | string | Uint8Array
  }): void {
    const { value } = option
    const bytes = new Uint8Array(this.#scratch)
    bytes.fill(0)
    let length = 4
    if (typeof value === 'number') new DataView(this.#scratch).setInt32(0, value, true)
    else {
      const source = typeof value === 'string' ? new TextEncoder().encode(value) : value
      length = source.length
      bytes.set(source.subarray(0, 63))
    }
    const calls = this.#calls
    if (calls.setsockopt(this.fd, option.level, option.name, this.#address, length) < 0) {
      throw new SocketError('setsockopt', calls.errno())
    }
  }

  bindToDevice(name: string): void {
    this.setOption({ level: SOL_SOCKET, name: SO_BINDTODEVICE, value: name })
  }

  bindIpv4(address: Ipv4, port: number): void {
    writeSockaddrIn(new DataView(this.#scratch), 0, { address, port })
    if (this.#calls.bind(this.fd, this.#address, 16) < 0) {
      throw new SocketError('bind', this.#calls.errno())
    }
  }

  /** Hears frames of this ethertype on this interface from now on (AF_PACKET). */
  bindLink(ethertype: number, interfaceIndex: number): void {
    const view = new DataView(this.#scratch)
    new Uint8Array(this.#scratch).fill(0)
    view.setUint16(0, AF_PACKET, true)
    view.setUint16(2, ethertype)
    view.setInt32(4, interfaceIndex, true)
    if (this.#calls.bind(this.fd, this.#address, 20) < 0) {
      throw new SocketError('bind', this.#calls.errno())
    }
  }

  /** Port the kernel bound. */
  boundPort(): number {
    const view = new DataView(this.#scratch)
    view.setUint32(32, 16, true)
    if (this.#calls.getsockname(this.fd, this.#address, this.#address + 32n) < 0) {
      throw new SocketError('getsockname', this.#calls.errno())
    }
    return view.getUint16(2)
  }

  /** Only after every poll handle on it is closed. */
  close(): void {
    this.#calls.close(this.fd)
  }
}

/** Runs `configure`; closes the descriptor when it throws. */
export function configured(descriptor: Descriptor, configure: () => void): Descriptor {
  try {
    configure()
  } catch (error) {
    descriptor.close()
    throw error
  }
  return descriptor
}

export function writeSockaddrIn(
  view: DataView,
  offset: number,
  to: { readonly address: Ipv4; readonly port: number },
): void {
  view.setUint16(offset, AF_INET, true)
  view.setUint16(offset + 2, to.port)
  view.setUint32(offset + 4, to.address)
  view.setBigUint64(offset + 8, 0n)
}
