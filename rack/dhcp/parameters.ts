// The configuration a client gets with its address: network parameters by its parameter request list
// (RFC 2131 §4.3.1, RFC 2132 §9.8) and how to boot from the network. Pure.
import { formatIpv4, lastOf, makeIpv4, maskOf, parseIpv4 } from '#model/ipv4.ts'
import type { Ipv4Subnet } from '#model/network.ts'
import type { RackVlan } from '#protocol/rack.ts'
import { bootClientOf, type BootClient, bootFileOf } from './boot-files.ts'
import type { Exchange } from './decide.ts'
import type { OptionToWrite, PacketToWrite } from './encode.ts'
import { IPXE_OPTION, ipv4Bytes, OPTION, textBytes, uint16Bytes } from './options.ts'
import type { DhcpPacket } from './packet.ts'

export type Parameters = {
  /** '' when the region named none. */
  readonly domainName: string
  /** Name of the machine with this hardware address, if the region knows it. */
  readonly hostname: string | undefined
  /** Port of the rack's HTTP boot server. */
  readonly httpPort: number
}

/** Sent to a client that lists nothing (RFC 2131 §4.3.1 leaves it to the server). */
const DEFAULT_LIST = [OPTION.ROUTER, OPTION.DOMAIN_NAME_SERVER, OPTION.DOMAIN_NAME]

type BootFields = Pick<PacketToWrite, 'siaddr' | 'sname' | 'file'>

/** Most needed first: mask, how to boot, then the client's list in the client's order. */
export function parameterOptions(
  exchange: Exchange,
  parameters: Parameters,
): BootFields & { readonly options: readonly OptionToWrite[] } {
  const { packet, place } = exchange
  const subnet = place.subnet
  const list = packet.options.get(OPTION.PARAMETER_REQUEST_LIST) ?? DEFAULT_LIST
  const chosen = new Map<number, Uint8Array>()
  if (subnet !== undefined) {
    chosen.set(OPTION.SUBNET_MASK, ipv4Bytes(maskOf(subnet.cidr.prefix)))
  }
  const boot = bootFields(exchange, parameters, [...list])
  for (const [code, value] of boot.options) chosen.set(code, value)
  // RFC 3011: the client learns that its choice was followed.
  const selection = packet.options.get(OPTION.SUBNET_SELECTION)
  if (selection !== undefined) chosen.set(OPTION.SUBNET_SELECTION, selection)
  for (const code of list) {
    if (chosen.has(code) || subnet === undefined) continue
    const value = networkOption(code, { subnet, vlan: place.pool.vlan, parameters })
    if (value !== undefined) chosen.set(code, value)
  }
  return { siaddr: boot.siaddr, sname: boot.sname, file: boot.file, options: [...chosen] }
}

function networkOption(
  code: number,
  from: { readonly subnet: Ipv4Subnet; readonly vlan: RackVlan; readonly parameters: Parameters },
): Uint8Array | undefined {
  const { subnet, vlan, parameters } = from
  switch (code) {
    case OPTION.ROUTER:
      return subnet.gatewayIp === null ? undefined : ipv4Bytes(subnet.gatewayIp)
    case OPTION.DOMAIN_NAME_SERVER: {
      const servers = subnet.dnsServers.flatMap((text) => parseIpv4(text) ?? [])
      return servers.length === 0 ? undefined : ipv4Bytes(...servers)
    }
    case OPTION.HOST_NAME:
      return nonEmpty(parameters.hostname ?? '')
    case OPTION.DOMAIN_NAME:
      return nonEmpty(parameters.domainName)
    case OPTION.INTERFACE_MTU:
      return vlan.mtu === 1500 ? undefined : uint16Bytes(vlan.mtu)
    case OPTION.BROADCAST_ADDRESS:
      return subnet.cidr.prefix > 30 ? undefined : ipv4Bytes(lastOf(subnet.cidr))
    default:
      return undefined
  }
}

/**
 * Boot parameters go to network boot clients and to whoever asks for 66 or 67. The next server and the
 * file are written into the fixed fields too: many ROMs read only those. Option 60 `PXEClient` is never
 * answered: it would send the ROM to port 4011 (PXE-E55), and option 43 has no use without it; an HTTP
 * client ignores an offer without `HTTPClient`.
 */
function bootFields(
  exchange: Exchange,
  parameters: Parameters,
  list: readonly number[],
): BootFields & { readonly options: readonly OptionToWrite[] } {
  const { packet, place, rackIp } = exchange
  const client = bootClientOf(packet.options)
  const asked = list.includes(OPTION.TFTP_SERVER_NAME) || list.includes(OPTION.BOOTFILE_NAME)
  const none = { siaddr: makeIpv4(0), sname: '', file: '', options: [] }
  if (place.subnet === undefined || (client.kind === 'none' && !asked)) return none
  const host = formatIpv4(rackIp)
  const file = bootFileOf(client, place.subnet, `http://${host}:${parameters.httpPort}`)
  if (file === undefined) return none
  const options: OptionToWrite[] = [
    [OPTION.BOOTFILE_NAME, textBytes(file)],
    [OPTION.TFTP_SERVER_NAME, textBytes(host)],
    ...classOptions(client, packet),
  ]
  return { siaddr: rackIp, sname: host, file, options }
}

function classOptions(client: BootClient, packet: DhcpPacket): readonly OptionToWrite[] {
  if (client.kind === 'http') return [[OPTION.VENDOR_CLASS, textBytes('HTTPClient')]]
  if (client.kind !== 'ipxe') return []
  // Without it iPXE waits three seconds for a proxy DHCP server that we never run.
  const ipxe: OptionToWrite = [OPTION.IPXE, Uint8Array.of(IPXE_OPTION.NO_PROXY_DHCP, 1, 1)]
  // iPXE over UEFI HTTP boot still says HTTPClient in its class; nothing but its script URL is needed.
  return packet.messageType === 'DHCPINFORM' ? [] : [ipxe]
}

function nonEmpty(text: string): Uint8Array | undefined {
  return text === '' ? undefined : textBytes(text)
}
