// A packet as a client would send it, from a question about one. Pure.
import type { DhcpQuestion } from '#model/explain.ts'
import { type Ipv4, makeIpv4 } from '#model/ipv4.ts'
import { macToBytes } from '#model/mac-address.ts'
import { ipv4Bytes, OPTION, textBytes, uint16Bytes } from './options.ts'
import { BOOTREQUEST, type DhcpPacket, type MessageName } from './packet.ts'

const NOWHERE = makeIpv4(0)
/** What operating systems and firmware ask for between them. */
const USUAL_LIST = [1, 3, 6, 12, 15, 26, 28, 33, 42, 43, 66, 67, 119, 121]

const MESSAGES: { readonly [K in DhcpQuestion['message']]: MessageName } = {
  ...{ discover: 'DHCPDISCOVER', inform: 'DHCPINFORM', selecting: 'DHCPREQUEST' },
  ...{ 'init-reboot': 'DHCPREQUEST', renewing: 'DHCPREQUEST', rebinding: 'DHCPREQUEST' },
}
/** They have the address already and say so in ciaddr (RFC 2131 Table 4). */
const HAVE_ADDRESS: ReadonlySet<string> = new Set(['renewing', 'rebinding', 'inform'])

/** `serverId`: of the rack that is asked. */
export function hypotheticalPacket(question: DhcpQuestion, serverId: Ipv4): DhcpPacket {
  const { message, mac, ip, giaddr } = question
  const hasAddress = HAVE_ADDRESS.has(message)
  const options = new Map<number, Uint8Array>()
  if (ip !== null && !hasAddress) options.set(OPTION.REQUESTED_ADDRESS, ipv4Bytes(ip))
  if (message === 'selecting') {
    options.set(OPTION.SERVER_IDENTIFIER, ipv4Bytes(question.server ?? serverId))
  }
  const list = question.asks.length === 0 ? USUAL_LIST : question.asks
  options.set(OPTION.PARAMETER_REQUEST_LIST, Uint8Array.from(list))
  for (const [code, value] of bootOptions(question)) options.set(code, value)
  return {
    ...{ op: BOOTREQUEST, htype: 1, hlen: 6, hops: giaddr === null ? 0 : 1, xid: 1, secs: 0 },
    ...{ flags: 0, yiaddr: NOWHERE, siaddr: NOWHERE, sname: '', file: '', options },
    ciaddr: hasAddress ? (ip ?? NOWHERE) : NOWHERE,
    giaddr: giaddr ?? NOWHERE,
    chaddr: macToBytes(mac),
    messageType: MESSAGES[message],
  }
}

function bootOptions(question: DhcpQuestion): readonly (readonly [number, Uint8Array])[] {
  const { client, architecture, vendorClass, userClass } = question
  const kind = client === 'http' ? 'HTTPClient' : 'PXEClient'
  const number = String(architecture).padStart(5, '0')
  const ownClass = client === 'none' ? '' : `${kind}:Arch:${number}`
  const user = userClass === '' && client === 'ipxe' ? 'iPXE' : userClass
  const vendor = vendorClass === '' ? ownClass : vendorClass
  return [
    ...(vendor === '' ? [] : [[OPTION.VENDOR_CLASS, textBytes(vendor)] as const]),
    ...(user === '' ? [] : [[OPTION.USER_CLASS, textBytes(user)] as const]),
    ...(client === 'none'
      ? []
      : [[OPTION.CLIENT_ARCHITECTURE, uint16Bytes(architecture)] as const]),
  ]
}
