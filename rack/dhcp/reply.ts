// Builds DHCPOFFER, DHCPACK and DHCPNAK (RFC 2131 §4.3, Table 3) and says where each goes (§4.1). Pure.
import { formatIpv4, type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Decision, Exchange } from './decide.ts'
import {
  encodePacket,
  type OptionToWrite,
  type PacketToWrite,
  REPLY_BYTES_DEFAULT,
  REPLY_BYTES_MAX,
} from './encode.ts'
import { OPTION, ipv4Bytes, readUint16, textBytes, uint32Bytes } from './options.ts'
import { BOOTREPLY, BROADCAST_FLAG, type DhcpPacket, type MessageName } from './packet.ts'
import { parameterOptions, type Parameters } from './parameters.ts'

/** `hardware` and `broadcast` leave on the link the request came in by. */
export type Destination =
  | { readonly type: 'relay'; readonly address: Ipv4; readonly port: number }
  | { readonly type: 'unicast'; readonly address: Ipv4 }
  | { readonly type: 'hardware'; readonly address: Ipv4; readonly mac: MacAddress }
  | { readonly type: 'broadcast' }

export type Reply = {
  readonly bytes: Uint8Array
  readonly destination: Destination
  readonly messageType: MessageName
}

export type Answer = Extract<Decision, { type: 'offer' | 'ack' | 'inform' | 'nak' }>

/** The address that the client has or gets: of a DHCPINFORM its own, of a NAK none. */
export function addressOf(answer: Answer): Ipv4 {
  if (answer.type === 'offer' || answer.type === 'ack') return answer.ip
  return answer.type === 'inform' ? answer.exchange.packet.ciaddr : NO_ADDRESS
}

const NO_ADDRESS = makeIpv4(0)
/** T1 and T2 of RFC 2131 §4.4.5. */
const T1 = 0.5
const T2 = 0.875
/** IP and UDP headers: option 57 counts them, as deployed clients mean it. */
const IP_UDP_BYTES = 28

export function makeReply(answer: Answer, parameters: Parameters): Reply {
  switch (answer.type) {
    case 'offer':
    case 'ack':
      return makeLeaseReply(answer, parameters)
    case 'inform':
      return makeInformReply(answer.exchange, parameters)
    case 'nak':
      return makeNak(answer.exchange, answer.message)
    default:
      return answer satisfies never
  }
}

function makeLeaseReply(
  answer: Extract<Answer, { type: 'offer' | 'ack' }>,
  parameters: Parameters,
): Reply {
  const { exchange, ip, leaseSeconds } = answer
  const messageType = answer.type === 'offer' ? 'DHCPOFFER' : 'DHCPACK'
  const extra = parameterOptions(exchange, parameters)
  const options: readonly OptionToWrite[] = [
    [OPTION.SERVER_IDENTIFIER, ipv4Bytes(exchange.serverId)],
    [OPTION.LEASE_TIME, uint32Bytes(leaseSeconds)],
    [OPTION.RENEWAL_TIME, uint32Bytes(Math.floor(leaseSeconds * T1))],
    [OPTION.REBINDING_TIME, uint32Bytes(Math.floor(leaseSeconds * T2))],
    ...echoedOptions(exchange.packet),
    ...extra.options,
  ]
  return reply(exchange, { messageType, yiaddr: ip, ...extra, options })
}

/** RFC 2131 §4.3.5: no yiaddr, no lease times. */
function makeInformReply(exchange: Exchange, parameters: Parameters): Reply {
  const extra = parameterOptions(exchange, parameters)
  const options: readonly OptionToWrite[] = [
    [OPTION.SERVER_IDENTIFIER, ipv4Bytes(exchange.serverId)],
    ...echoedOptions(exchange.packet),
    ...extra.options,
  ]
  return reply(exchange, { messageType: 'DHCPACK', yiaddr: NO_ADDRESS, ...extra, options })
}

/** Table 3: all addresses zero, nothing but message, server and client identifier. */
function makeNak(exchange: Exchange, message: string): Reply {
  const options: readonly OptionToWrite[] = [
    [OPTION.SERVER_IDENTIFIER, ipv4Bytes(exchange.serverId)],
    [OPTION.MESSAGE, textBytes(message)],
    ...echoedOptions(exchange.packet),
  ]
  const empty = { siaddr: NO_ADDRESS, sname: '', file: '' }
  return reply(exchange, { messageType: 'DHCPNAK', yiaddr: NO_ADDRESS, ...empty, options })
}

/** RFC 6842: the client identifier; RFC 4578 §2.3: the machine's UUID. */
function echoedOptions(request: DhcpPacket): readonly OptionToWrite[] {
  return [OPTION.CLIENT_IDENTIFIER, OPTION.CLIENT_MACHINE_ID].flatMap((code) => {
    const value = request.options.get(code)
    return value === undefined ? [] : [[code, value] as const]
  })
}

type Body = Pick<PacketToWrite, 'messageType' | 'yiaddr' | 'siaddr' | 'sname' | 'file' | 'options'>

function reply(exchange: Exchange, body: Body): Reply {
  const { packet: request } = exchange
  const isNak = body.messageType === 'DHCPNAK'
  // §4.3.2: a relay must broadcast a NAK, as the client's own address may be the wrong one.
  const flags = isNak && request.giaddr !== 0 ? request.flags | BROADCAST_FLAG : request.flags
  const packet: PacketToWrite = {
    ...body,
    op: BOOTREPLY,
    htype: request.htype,
    hops: 0,
    xid: request.xid,
    secs: 0,
    flags,
    // Table 3: only a DHCPACK repeats the client's address.
    ciaddr: body.messageType === 'DHCPACK' ? request.ciaddr : NO_ADDRESS,
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    relayInformation: request.options.get(OPTION.RELAY_AGENT_INFORMATION),
  }
  return {
    bytes: encodePacket(packet, bytesMaxFor(request)),
    destination: destinationOf(exchange, body),
    messageType: body.messageType,
  }
}

function bytesMaxFor(request: DhcpPacket): number {
  const asked = readUint16(request.options, OPTION.MAX_MESSAGE_SIZE) ?? 0
  return Math.min(REPLY_BYTES_MAX, Math.max(REPLY_BYTES_DEFAULT, asked - IP_UDP_BYTES))
}

/** RFC 2131 §4.1, in its order. */
function destinationOf(exchange: Exchange, body: Body): Destination {
  const { packet: request, place, client } = exchange
  // A relayed DHCPINFORM: the client has an address and asks for the answer there (§4.3.5).
  const isInform = request.messageType === 'DHCPINFORM'
  if (request.giaddr !== 0 && !isInform) {
    return { type: 'relay', address: request.giaddr, port: place.relayPort }
  }
  if (body.messageType === 'DHCPNAK') return { type: 'broadcast' }
  if (request.ciaddr !== 0) return { type: 'unicast', address: request.ciaddr }
  if ((request.flags & BROADCAST_FLAG) !== 0) return { type: 'broadcast' }
  return { type: 'hardware', address: body.yiaddr, mac: client.mac }
}

export function describeDestination(destination: Destination): string {
  switch (destination.type) {
    case 'relay':
      return `relay ${formatIpv4(destination.address)}:${destination.port}`
    case 'unicast':
      return formatIpv4(destination.address)
    case 'hardware':
      return `${formatIpv4(destination.address)} at ${destination.mac}`
    case 'broadcast':
      return 'broadcast'
    default:
      return destination satisfies never
  }
}
