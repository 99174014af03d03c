// The configuration a client gets with its address: network parameters by its parameter request list
// (RFC 2131 §4.3.1, RFC 2132 §9.8) and how to boot from the network. Pure.
import { formatIpv4, type Ipv4, lastOf, makeIpv4, maskOf, parseIpv4 } from '#model/ipv4.ts'
import type { DhcpScope } from '#model/dhcp-option.ts'
import type { Ipv4Subnet } from '#model/network.ts'
import type { RackVlan } from '#protocol/rack.ts'
import { bootClientOf, type BootClient, bootFileOf, PXELINUX } from './boot-files.ts'
import { type ClientSettings, isNarrower } from './client-options.ts'
import type { Exchange } from './decide.ts'
import type { OptionToWrite, PacketToWrite } from './encode.ts'
import { IPXE_OPTION, ipv4Bytes, OPTION, textBytes, uint16Bytes } from './options.ts'
import type { DhcpPacket } from './packet.ts'
import type { ViewIndex } from './view-index.ts'

export type Parameters = {
  /** '' when the region named none. */
  readonly domainName: string
  /** Name of the machine with this hardware address, if the region knows it. */
  readonly hostname: string | undefined
  /** Port of the rack's HTTP boot server. */
  readonly httpPort: number
  /** What operators set for the client. */
  readonly settings: ClientSettings
}

/** Of the client that is answered; `ip` the address it has or gets. */
export function parametersOf(
  index: ViewIndex,
  of: { readonly exchange: Pick<Exchange, 'client' | 'place'>; readonly ip: Ipv4 },
  httpPort: number,
): Parameters {
  const { exchange, ip } = of
  const { mac } = exchange.client
  return {
    domainName: index.view.settings()?.domainName ?? '',
    hostname: index.view.machineOfMac(mac)?.hostname,
    httpPort,
    settings: index.settingsFor(exchange.place.pool, { ip, mac }),
  }
}

/** Sent to a client that lists nothing (RFC 2131 §4.3.1 leaves it to the server). */
const DEFAULT_LIST = [OPTION.ROUTER, OPTION.DOMAIN_NAME_SERVER, OPTION.DOMAIN_NAME]

type BootFields = Pick<PacketToWrite, 'siaddr' | 'sname' | 'file'>

/** With why it is as it is, for those who ask. */
export type ChosenOption = {
  readonly code: number
  readonly value: Uint8Array
  /** Null: it follows from the packet, or from how the client boots. */
  readonly scope: DhcpScope | null
  readonly origin: string
}

/** Most needed first: mask, how to boot, the client's list in the client's order, what is sent unasked. */
export function parameterOptions(
  exchange: Exchange,
  parameters: Parameters,
): BootFields & { readonly options: readonly OptionToWrite[] } {
  const { siaddr, sname, file, chosen } = chooseParameters(exchange, parameters)
  return { siaddr, sname, file, options: chosen.map(({ code, value }) => [code, value]) }
}

export function chooseParameters(
  exchange: Exchange,
  parameters: Parameters,
): BootFields & { readonly chosen: readonly ChosenOption[] } {
  const { packet, place } = exchange
  const { settings } = parameters
  const subnet = place.subnet
  const list = packet.options.get(OPTION.PARAMETER_REQUEST_LIST) ?? DEFAULT_LIST
  const chosen = new Map<number, ChosenOption>()
  const choose = (
    code: number,
    value: Uint8Array,
    origin: string,
    scope: DhcpScope | null,
  ): void => {
    chosen.set(code, { code, value, scope, origin })
  }
  if (subnet !== undefined) {
    choose(OPTION.SUBNET_MASK, ipv4Bytes(maskOf(subnet.cidr.prefix)), 'the subnet', 'subnet')
  }
  const boot = bootFields(exchange, parameters, [...list])
  for (const [code, value] of boot.options) choose(code, value, 'how it boots', null)
  // RFC 3011: the client learns that its choice was followed.
  const selection = packet.options.get(OPTION.SUBNET_SELECTION)
  if (selection !== undefined) choose(OPTION.SUBNET_SELECTION, selection, 'the client', null)
  for (const code of list) {
    if (chosen.has(code) || subnet === undefined) continue
    const set = settings.options.get(code)
    const own = networkOption(code, { subnet, vlan: place.pool.vlan, parameters })
    if (set !== undefined && (own === undefined || isNarrower(set, own.scope))) {
      choose(code, set.value, set.origin, set.scope)
    } else if (own !== undefined) choose(code, own.value, own.origin, own.scope)
  }
  for (const [code, set] of settings.options) {
    if (set.force && !chosen.has(code)) choose(code, set.value, set.origin, set.scope)
  }
  const { siaddr, sname, file } = boot
  return { siaddr, sname, file, chosen: [...chosen.values()] }
}

type OwnOption = {
  readonly value: Uint8Array
  readonly scope: DhcpScope
  readonly origin: string
}

/** What the rows of the network say by themselves, and how narrow their word is. */
function networkOption(
  code: number,
  from: { readonly subnet: Ipv4Subnet; readonly vlan: RackVlan; readonly parameters: Parameters },
): OwnOption | undefined {
  const { subnet, vlan, parameters } = from
  const of = (
    value: Uint8Array | undefined,
    scope: DhcpScope,
    origin: string,
  ): OwnOption | undefined => (value === undefined ? undefined : { value, scope, origin })
  switch (code) {
    case OPTION.ROUTER: {
      const { gatewayIp } = subnet
      return of(gatewayIp === null ? undefined : ipv4Bytes(gatewayIp), 'subnet', 'its gateway')
    }
    case OPTION.DOMAIN_NAME_SERVER: {
      const servers = subnet.dnsServers.flatMap((text) => parseIpv4(text) ?? [])
      const value = servers.length === 0 ? undefined : ipv4Bytes(...servers)
      return of(value, 'subnet', 'its DNS servers')
    }
    case OPTION.HOST_NAME:
      return of(nonEmpty(parameters.hostname ?? ''), 'host', 'the name of the machine')
    case OPTION.DOMAIN_NAME:
      return of(nonEmpty(parameters.domainName), 'global', 'the default domain')
    case OPTION.INTERFACE_MTU:
      return of(vlan.mtu === 1500 ? undefined : uint16Bytes(vlan.mtu), 'vlan', 'its MTU')
    case OPTION.BROADCAST_ADDRESS: {
      const { cidr } = subnet
      const value = cidr.prefix > 30 ? undefined : ipv4Bytes(lastOf(cidr))
      return of(value, 'subnet', 'its CIDR')
    }
    default:
      return undefined
  }
}

/**
 * Boot parameters go to network boot clients and to whoever asks for 66 or 67. The next server and the
 * file are written into the fixed fields too: many ROMs read only those. Option 60 `PXEClient` is never
 * answered: it would send the ROM to port 4011 (PXE-E55), and option 43 has no use without it; an HTTP
 * client ignores an offer without `HTTPClient`. A snippet's `filename` is for every boot client, iPXE too.
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
  const { filename, nextServer, serverName } = parameters.settings
  const own = `http://${formatIpv4(rackIp)}:${parameters.httpPort}`
  const file = filename?.value ?? bootFileOf(client, place.subnet, own)
  if (file === undefined) return none
  const siaddr = nextServer?.value ?? rackIp
  const host = serverName?.value ?? formatIpv4(siaddr)
  const isSet = nextServer !== undefined || parameters.settings.options.has(OPTION.PATH_PREFIX)
  const needsPrefix = file === PXELINUX && !isSet
  const options: OptionToWrite[] = [
    [OPTION.BOOTFILE_NAME, textBytes(file)],
    [OPTION.TFTP_SERVER_NAME, textBytes(host)],
    ...classOptions(client, packet),
    // Unasked (RFC 5071 §4.2): PXELINUX reads it, and few ROMs ask for it on its behalf.
    ...(needsPrefix ? [pathPrefix(own)] : []),
  ]
  return { siaddr, sname: host, file, options }
}

function pathPrefix(own: string): OptionToWrite {
  return [OPTION.PATH_PREFIX, textBytes(`${own}/`)]
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
