// A DHCP option that an operator set: for everything, a VLAN, a subnet, a range or a host, with a value of the
// option's own type. What is kept is canonical: equal values are equal rows.
import type { IpRangeId, SubnetId, VlanId } from './ids.ts'
import { parseMac, type MacAddress } from './mac-address.ts'

/** From the widest to the narrowest: where two say something, the later one counts. */
export const DHCP_SCOPES = ['global', 'vlan', 'subnet', 'range', 'host'] as const
export type DhcpScope = (typeof DHCP_SCOPES)[number]

/** Of whom it is: `host` by hardware address, whether or not a machine with it is known. */
export type DhcpTarget =
  | { readonly scope: 'global'; readonly scopeId: null }
  | { readonly scope: 'vlan'; readonly scopeId: VlanId }
  | { readonly scope: 'subnet'; readonly scopeId: SubnetId }
  | { readonly scope: 'range'; readonly scopeId: IpRangeId }
  | { readonly scope: 'host'; readonly scopeId: MacAddress }

export const DHCP_OPTION_TYPES = [
  ...(['ipv4', 'ipv4-list', 'ipv4-pairs', 'uint8', 'uint16', 'uint32', 'int32', 'bool'] as const),
  ...(['string', 'domain-list', 'routes', 'hex'] as const),
] as const
export type DhcpOptionType = (typeof DHCP_OPTION_TYPES)[number]

/**
 * Addresses and names as text, several as a list; a route is `CIDR GATEWAY`; `ipv4-pairs` an even list of
 * addresses; `hex` digits in lower case without separators.
 */
export type DhcpOptionValue = string | number | boolean | readonly string[]

/** Keyed by `id`: `dhcpOptionId` of target and code. */
export type DhcpOption = {
  readonly id: string
  readonly scope: DhcpScope
  readonly scopeId: DhcpTarget['scopeId']
  /** 1 … 254. */
  readonly code: number
  readonly valueType: DhcpOptionType
  readonly value: DhcpOptionValue
  /** Sent also to clients that do not ask for it (option 55). */
  readonly force: boolean
}

/** `global`, `vlan:5001`, `subnet:3`, `range:7`, `host:52:54:00:00:00:01`. */
export function formatTarget({ scope, scopeId }: Pick<DhcpOption, 'scope' | 'scopeId'>): string {
  return scopeId === null ? scope : `${scope}:${scopeId}`
}

/** Undefined when it is none. Whether the object exists is for the state to say. */
export function parseTarget(text: string): DhcpTarget | undefined {
  if (text === 'global') return { scope: 'global', scopeId: null }
  const [, scope, id = ''] = /^(vlan|subnet|range|host):(.+)$/.exec(text) ?? []
  if (scope === 'host') {
    const mac = parseMac(id)
    return mac === undefined ? undefined : { scope, scopeId: mac }
  }
  if (!/^\d{1,15}$/.test(id)) return undefined
  const number = Number(id)
  if (scope === 'vlan') return { scope, scopeId: number as VlanId }
  if (scope === 'subnet') return { scope, scopeId: number as SubnetId }
  return scope === 'range' ? { scope, scopeId: number as IpRangeId } : undefined
}

export function dhcpOptionId(target: Pick<DhcpOption, 'scope' | 'scopeId'>, code: number): string {
  return `${formatTarget(target)}/${code}`
}
