// The DHCP options that have a name and a type of their own, in the names of dhcp-options(5), and those that nobody
// may set because the server computes them. RFC 2132 by section, later RFCs by number.
import type { DhcpOptionType } from './dhcp-option.ts'

type Named = { readonly code: number; readonly name: string; readonly type: DhcpOptionType }

const of = (type: DhcpOptionType, names: Readonly<Record<string, number>>): readonly Named[] =>
  Object.entries(names).map(([name, code]) => ({ code, name, type }))

const NAMED: readonly Named[] = [
  ...of('ipv4-list', {
    ...{ routers: 3, 'time-servers': 4, 'ien116-name-servers': 5, 'domain-name-servers': 6 },
    ...{ 'log-servers': 7, 'cookie-servers': 8, 'lpr-servers': 9, 'impress-servers': 10 },
    ...{ 'resource-location-servers': 11, 'nis-servers': 41, 'ntp-servers': 42 },
    ...{ 'netbios-name-servers': 44, 'netbios-dd-server': 45, 'font-servers': 48 },
    ...{ 'x-display-manager': 49, 'nisplus-servers': 65, 'mobile-ip-home-agent': 68 },
    ...{ 'smtp-server': 69, 'pop-server': 70, 'nntp-server': 71, 'www-server': 72 },
    ...{ 'finger-server': 73, 'irc-server': 74, 'streettalk-server': 75 },
    // RFC 4280, 5417, 5859.
    ...{ 'bcms-controller-address': 89, 'capwap-ac-v4': 138, 'tftp-server-address': 150 },
  }),
  ...of('ipv4', { 'swap-server': 16, 'broadcast-address': 28, 'router-solicitation-address': 32 }),
  ...of('ipv4-pairs', { 'policy-filter': 21, 'static-routes': 33 }),
  ...of('uint8', { 'default-ip-ttl': 23, 'default-tcp-ttl': 37, 'netbios-node-type': 46 }),
  ...of('uint16', { 'boot-size': 13, 'max-dgram-reassembly': 22, 'interface-mtu': 26 }),
  ...of('uint32', {
    ...{ 'path-mtu-aging-timeout': 24, 'arp-cache-timeout': 35, 'tcp-keepalive-interval': 38 },
    // RFC 8925, 5071.
    ...{ 'v6-only-preferred': 108, 'loader-reboottime': 211 },
  }),
  ...of('int32', { 'time-offset': 2 }),
  ...of('bool', {
    ...{ 'ip-forwarding': 19, 'non-local-source-routing': 20, 'all-subnets-local': 27 },
    ...{ 'perform-mask-discovery': 29, 'mask-supplier': 30, 'router-discovery': 31 },
    ...{ 'trailer-encapsulation': 34, 'ieee802-3-encapsulation': 36, 'tcp-keepalive-garbage': 39 },
  }),
  ...of('string', {
    ...{ 'host-name': 12, 'merit-dump': 14, 'domain-name': 15, 'root-path': 17 },
    ...{ 'extensions-path': 18, 'nis-domain': 40, 'netbios-scope': 47, 'nisplus-domain': 64 },
    // RFC 4833, 8910, 5071, draft-ietf-wrec-wpad.
    ...{ pcode: 100, tcode: 101, 'v4-captive-portal': 114 },
    ...{ 'loader-configfile': 209, 'loader-pathprefix': 210, 'wpad-url': 252 },
  }),
  // RFC 4280, 3397, 6011.
  ...of('domain-list', {
    'bcms-controller-names': 88,
    'domain-search': 119,
    'sip-ua-cs-domains': 141,
  }),
  // RFC 3442, and Microsoft's code for the same.
  ...of('routes', { 'classless-static-routes': 121, 'ms-classless-static-routes': 249 }),
  // RFC 2132 §8.4, RFC 3361, 3925.
  ...of('hex', { 'vendor-encapsulated-options': 43, 'sip-servers': 120, vivco: 124, vivso: 125 }),
]

const BY_CODE: ReadonlyMap<number, Named> = new Map(NAMED.map((each) => [each.code, each]))
const BY_NAME: ReadonlyMap<string, Named> = new Map(NAMED.map((each) => [each.name, each]))

export function namedOption(key: number | string): Named | undefined {
  return typeof key === 'number' ? BY_CODE.get(key) : BY_NAME.get(key)
}

const LEASE = 'is told with each lease by the server itself'
const CLIENT = 'is what a client says, not a server'
const BOOT =
  'follows from how the machine boots; a DHCP snippet with `filename` or `next-server` says otherwise'

/** Ends of sentences that begin with the option. */
const COMPUTED: ReadonlyMap<number, string> = new Map([
  ...[0, 52, 255].map((code) => [code, 'belongs to the format of the message'] as const),
  [1, 'is the mask of the subnet'],
  ...[51, 53, 54, 56, 58, 59].map((code) => [code, LEASE] as const),
  ...[50, 55, 57, 61, 77, 93, 94, 97].map((code) => [code, CLIENT] as const),
  ...[60, 66, 67, 175].map((code) => [code, BOOT] as const),
  ...[82, 118].map(
    (code) => [code, 'comes from the relay or client and goes back as it came'] as const,
  ),
  ...[81, 90].map((code) => [code, 'is not served'] as const),
])

/** Why nobody may set the option; null: it may be set. */
export function whyNotSet(code: number): string | null {
  return COMPUTED.get(code) ?? null
}
