// The question "is there another DHCP server on this link?" as a packet: a DHCPDISCOVER that no rack of ours answers,
// and what an answer to it says. Pure. Its sender takes no offer, so servers forget what they offered.
import { type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import { type MacAddress, macToBytes } from '#model/mac-address.ts'
import { decodePacket } from './decode.ts'
import { encodePacket, REPLY_BYTES_DEFAULT } from './encode.ts'
import { OPTION, readIpv4, readText, textBytes } from './options.ts'
import { BOOTREPLY, BOOTREQUEST, BROADCAST_FLAG, type DhcpPacket } from './packet.ts'

/** Option 77 by which racks know each other's looks. */
const USER_CLASS = 'ironraft-look'
const NOWHERE = makeIpv4(0)

export function lookPacket(mac: MacAddress, xid: number): Uint8Array {
  const zero = { ciaddr: NOWHERE, yiaddr: NOWHERE, siaddr: NOWHERE, giaddr: NOWHERE }
  return encodePacket(
    {
      ...{ op: BOOTREQUEST, htype: 1, hops: 0, xid, secs: 0, flags: BROADCAST_FLAG, ...zero },
      ...{ chaddr: macToBytes(mac), sname: '', file: '', messageType: 'DHCPDISCOVER' },
      options: [[OPTION.USER_CLASS, textBytes(USER_CLASS)]],
      relayInformation: undefined,
    },
    REPLY_BYTES_DEFAULT,
  )
}

export function isLook({ messageType, options }: DhcpPacket): boolean {
  return messageType === 'DHCPDISCOVER' && readText(options, OPTION.USER_CLASS) === USER_CLASS
}

/** The server that answered the look `xid`; undefined for anything else. */
export function serverInAnswer(bytes: Uint8Array, xid: number): Ipv4 | undefined {
  const decoded = decodePacket(bytes)
  if (!decoded.ok) return undefined
  const { op, messageType, options, xid: answered } = decoded.packet
  if (op !== BOOTREPLY || answered !== xid) return undefined
  if (messageType !== 'DHCPOFFER' && messageType !== 'DHCPACK') return undefined
  const server = readIpv4(options, OPTION.SERVER_IDENTIFIER)
  return server === NOWHERE ? undefined : server
}
