// DhcpPacket → bytes (RFC 2131 §2, RFC 2132 §2, RFC 3396). Options leave in the order given, the relay's
// option 82 last (RFC 3046 §2.2), and never more than the client said it takes.
import assert from 'node:assert/strict'
import { HEADER_BYTES, MAGIC_COOKIE } from './decode.ts'
import { OPTION } from './options.ts'
import { type DhcpPacket, MESSAGE_TYPE } from './packet.ts'

/** Old ROMs drop replies shorter than a BOOTP message (RFC 1542 §2.1). */
const REPLY_BYTES_MIN = 300
/** What every client must take: a 576-byte IP datagram (RFC 2131 §2) without its headers. */
export const REPLY_BYTES_DEFAULT = 548
/** Ethernet's 1500 without IP and UDP headers. */
export const REPLY_BYTES_MAX = 1472

export type OptionToWrite = readonly [code: number, value: Uint8Array]

export type PacketToWrite = Omit<DhcpPacket, 'options' | 'hlen'> & {
  /** Most needed first: when the message is full, what follows is left out. */
  readonly options: readonly OptionToWrite[]
  /** Option 82 of the request, echoed verbatim as the last option. */
  readonly relayInformation: Uint8Array | undefined
}

/**
 * Bytes of the message, `REPLY_BYTES_MIN` … `bytesMax`. An option that does not fit any more is left out
 * whole; the message type always fits, the relay's option has its room kept.
 */
export function encodePacket(packet: PacketToWrite, bytesMax: number): Uint8Array {
  assert(bytesMax >= REPLY_BYTES_DEFAULT && bytesMax <= REPLY_BYTES_MAX)
  assert(packet.chaddr.length <= 16)
  // From Node's pool: a fresh ArrayBuffer per reply was most of the cost of an exchange.
  const bytes = Buffer.allocUnsafe(bytesMax).fill(0)
  writeHeader(bytes, packet)
  const relay = packet.relayInformation
  const relayBytes = relay === undefined ? 0 : encodedBytes(relay)
  // A relay's option that leaves no room for anything else cannot be answered to.
  const end = bytesMax - 1 - relayBytes
  let at = HEADER_BYTES + 4
  const append = (code: number, value: Uint8Array, limit: number): void => {
    if (at + encodedBytes(value) <= limit) at = writeOption(bytes, at, [code, value])
  }
  const type = Uint8Array.of(MESSAGE_TYPE[packet.messageType])
  at = writeOption(bytes, at, [OPTION.MESSAGE_TYPE, type])
  for (const [code, value] of packet.options) append(code, value, end)
  if (relay !== undefined) append(OPTION.RELAY_AGENT_INFORMATION, relay, bytesMax - 1)
  bytes[at++] = OPTION.END
  return new Uint8Array(bytes.buffer, bytes.byteOffset, Math.max(at, REPLY_BYTES_MIN))
}

function writeHeader(bytes: Buffer, packet: PacketToWrite): void {
  bytes[0] = packet.op
  bytes[1] = packet.htype
  bytes[2] = packet.chaddr.length
  bytes[3] = packet.hops
  bytes.writeUInt32BE(packet.xid, 4)
  bytes.writeUInt16BE(packet.secs, 8)
  bytes.writeUInt16BE(packet.flags, 10)
  bytes.writeUInt32BE(packet.ciaddr, 12)
  bytes.writeUInt32BE(packet.yiaddr, 16)
  bytes.writeUInt32BE(packet.siaddr, 20)
  bytes.writeUInt32BE(packet.giaddr, 24)
  bytes.set(packet.chaddr, 28)
  // Both texts end with a NUL; one that has no room for it is left out.
  if (packet.sname !== '' && packet.sname.length < 64) bytes.write(packet.sname, 44, 'latin1')
  if (packet.file !== '' && packet.file.length < 128) bytes.write(packet.file, 108, 'latin1')
  bytes.writeUInt32BE(MAGIC_COOKIE, HEADER_BYTES)
}

/** Length with headers; long values are split (RFC 3396 §6). */
function encodedBytes(value: Uint8Array): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / 255))
}

function writeOption(bytes: Uint8Array, start: number, option: OptionToWrite): number {
  const [code, value] = option
  let at = start
  for (let from = 0; from === 0 || from < value.length; from += 255) {
    const length = Math.min(255, value.length - from)
    bytes[at] = code
    bytes[at + 1] = length
    at += 2
    // Octet by octet: a view of so few of them costs more than they do.
    for (let i = 0; i < length; i++) bytes[at + i] = value[from + i] ?? 0
    at += length
  }
  return at
}
