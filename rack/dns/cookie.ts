// DNS cookies (RFC 7873): a client that sends back what only it was told is at the address it claims. Layout of
// RFC 9018 §4.2; its hash is not needed, because no two of our servers share a secret.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Ipv4 } from '#model/ipv4.ts'

const CLIENT_OCTETS = 8
const HASH_OCTETS = 8
/** Of both parts. */
const COOKIE_OCTETS = CLIENT_OCTETS + 8 + HASH_OCTETS
/** RFC 9018 §4.3. */
const PAST_SECONDS = 3_600
const FUTURE_SECONDS = 300

export class Cookies {
  readonly #secret: Uint8Array

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** Client's part and ours, for the answer. `from` has at least the client's part. */
  make(from: Uint8Array, address: Ipv4, wallSeconds: number): Uint8Array {
    const cookie = new Uint8Array(COOKIE_OCTETS)
    cookie.set(from.subarray(0, CLIENT_OCTETS))
    cookie[CLIENT_OCTETS] = 1
    new DataView(cookie.buffer).setUint32(CLIENT_OCTETS + 4, wallSeconds >>> 0)
    cookie.set(this.#hash(cookie.subarray(0, COOKIE_OCTETS - HASH_OCTETS), address), 16)
    return cookie
  }

  /** Made here for this address, not long ago. */
  isValid(cookie: Uint8Array, address: Ipv4, wallSeconds: number): boolean {
    if (cookie.length !== COOKIE_OCTETS) return false
    const { buffer, byteOffset } = cookie
    const made = new DataView(buffer, byteOffset).getUint32(CLIENT_OCTETS + 4)
    if (made < wallSeconds - PAST_SECONDS || made > wallSeconds + FUTURE_SECONDS) return false
    const hash = this.#hash(cookie.subarray(0, COOKIE_OCTETS - HASH_OCTETS), address)
    return timingSafeEqual(hash, cookie.subarray(COOKIE_OCTETS - HASH_OCTETS))
  }

  #hash(head: Uint8Array, address: Ipv4): Uint8Array {
    const source = Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address)
    const digest = createHmac('sha256', this.#secret).update(head).update(source).digest()
    return digest.subarray(0, HASH_OCTETS)
  }
}
