// Bytes → DhcpPacket (RFC 2131 §2, RFC 2132 §2, RFC 3396). Malformed is a value, never an exception: a
// datagram from anybody must not be able to stop the process.
import { ipv4FromBytes } from '#model/ipv4.ts'
import { OPTION } from './options.ts'
import { BOOTREPLY, BOOTREQUEST, type DhcpPacket, messageName } from './packet.ts'

export type Malformed =
  | 'too_short'
  | 'too_long'
  | 'op'
  | 'hlen'
  | 'hops'
  | 'cookie'
  | 'option_overrun'
  | 'overload'
  | 'not_dhcp'

export type Decoded =
  | { readonly ok: true; readonly packet: DhcpPacket }
  | { readonly ok: false; readonly reason: Malformed }

export const HEADER_BYTES = 236
export const MAGIC_COOKIE = 0x63825363
const SNAME = 44
const FILE = 108
const CHADDR_BYTES = 16
/** RFC 1542 §4.1.1: relays drop at 16, so more than that went in a circle. */
const HOPS_MAX = 16
/** Longest datagram of a 1500-byte link is far below; a sane bound for any link. */
const PACKET_BYTES_MAX = 9216

const malformed = (reason: Malformed): Decoded => ({ ok: false, reason })

/** The packet shares nothing with `bytes`: it may be kept. */
export function decodePacket(bytes: Uint8Array): Decoded {
  if (bytes.length < HEADER_BYTES + 4) return malformed('too_short')
  if (bytes.length > PACKET_BYTES_MAX) return malformed('too_long')
  // Not `slice`: of a Buffer that would be a view of memory others write to.
  const own = new Uint8Array(bytes)
  const view = new DataView(own.buffer)
  const op = view.getUint8(0)
  const hlen = view.getUint8(2)
  if (op !== BOOTREQUEST && op !== BOOTREPLY) return malformed('op')
  if (hlen > CHADDR_BYTES) return malformed('hlen')
  if (view.getUint8(3) > HOPS_MAX) return malformed('hops')
  if (view.getUint32(HEADER_BYTES) !== MAGIC_COOKIE) return malformed('cookie')

  const options = new Map<number, Uint8Array>()
  if (!readOptions(own.subarray(HEADER_BYTES + 4), options)) return malformed('option_overrun')
  const overload = options.get(OPTION.OVERLOAD)
  const used = overload === undefined ? 0 : (overload[0] ?? 0)
  if (overload !== undefined && (overload.length !== 1 || used < 1 || used > 3)) {
    return malformed('overload')
  }
  // RFC 3396 §5: the parts of a split option are joined in the order options, file, sname.
  const file = own.subarray(FILE, HEADER_BYTES)
  const sname = own.subarray(SNAME, FILE)
  if ((used & 1) !== 0 && !readOptions(file, options)) return malformed('option_overrun')
  if ((used & 2) !== 0 && !readOptions(sname, options)) return malformed('option_overrun')

  // BOOTP clients send no option 53; they get no answer here.
  const type = options.get(OPTION.MESSAGE_TYPE)
  const messageType = type?.length === 1 ? messageName(type[0] ?? 0) : undefined
  if (messageType === undefined) return malformed('not_dhcp')
  const packet: DhcpPacket = {
    op,
    htype: view.getUint8(1),
    hlen,
    hops: view.getUint8(3),
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    flags: view.getUint16(10),
    ciaddr: ipv4FromBytes(own, 12),
    yiaddr: ipv4FromBytes(own, 16),
    siaddr: ipv4FromBytes(own, 20),
    giaddr: ipv4FromBytes(own, 24),
    chaddr: own.subarray(28, 28 + hlen),
    sname: (used & 2) !== 0 ? '' : textUntilNul(sname),
    file: (used & 1) !== 0 ? '' : textUntilNul(file),
    messageType,
    options,
  }
  return { ok: true, packet }
}

/** False when a length runs over the end. A missing END is accepted: some ROMs forget it. */
function readOptions(area: Uint8Array, into: Map<number, Uint8Array>): boolean {
  for (let at = 0; at < area.length; ) {
    const code = area[at] ?? OPTION.END
    if (code === OPTION.END) return true
    if (code === OPTION.PAD) {
      at++
      continue
    }
    const length = area[at + 1]
    if (length === undefined || at + 2 + length > area.length) return false
    const value = area.subarray(at + 2, at + 2 + length)
    const before = into.get(code)
    into.set(code, before === undefined ? value : join(before, value))
    at += 2 + length
  }
  return true
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

function textUntilNul(field: Uint8Array): string {
  const end = field.indexOf(0)
  if (end === 0) return ''
  return Buffer.from(field.subarray(0, end < 0 ? field.length : end)).toString('latin1')
}
