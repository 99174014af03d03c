// Addresses that are nobody's to get, whatever subnets nest: network and broadcast of every subnet, gateways, DNS
// servers, the gateways of static routes. Derived from rows: asked for every address that a search looks at.
import type { StaticRouteId, SubnetId } from '#model/ids.ts'
import { formatIpCidr, isIn, isIpv4Cidr, lastOf, parseIp, type Ip } from '#model/ip.ts'
import type { IpSpan } from '#model/ip.ts'
import type { StaticRoute, Subnet } from '#model/network.ts'
import type { Table } from './table.ts'

export type KeptAs =
  | 'network'
  | 'anycast'
  | 'broadcast'
  | 'gateway'
  | 'dns-server'
  | 'route-gateway'
type Kept = { readonly ip: Ip; readonly as: KeptAs }

export class KeptAddresses {
  readonly #subnets: Table<Subnet, SubnetId>
  readonly #routes: Table<StaticRoute, StaticRouteId>
  /** Address → number of rows that keep it. */
  readonly #counts = new Map<Ip, number>()

  constructor(subnets: Table<Subnet, SubnetId>, routes: Table<StaticRoute, StaticRouteId>) {
    this.#subnets = subnets
    this.#routes = routes
    subnets.follow({
      onChange: (_id, before, after) => {
        if (before !== undefined) for (const { ip } of keptBySubnet(before)) this.#count(ip, -1)
        if (after !== undefined) for (const { ip } of keptBySubnet(after)) this.#count(ip, 1)
      },
    })
    routes.follow({
      onChange: (_id, before, after) => {
        if (before !== undefined) this.#count(before.gatewayIp, -1)
        if (after !== undefined) this.#count(after.gatewayIp, 1)
      },
    })
  }

  has(ip: Ip): boolean {
    return this.#counts.has(ip)
  }

  /** In no order. */
  inside(span: IpSpan): readonly Ip[] {
    return [...this.#counts.keys()].filter((ip) => isIn(span, ip))
  }

  /** What the address is, of the first row that keeps it; undefined when none does. */
  reason(ip: Ip): { readonly as: KeptAs; readonly text: string } | undefined {
    if (!this.has(ip)) return undefined
    for (const subnet of this.#subnets.values()) {
      const kept = keptBySubnet(subnet).find((one) => one.ip === ip)
      if (kept === undefined) continue
      return { as: kept.as, text: `${WORDS[kept.as]} of subnet ${formatIpCidr(subnet.cidr)}` }
    }
    const route = [...this.#routes.values()].find(({ gatewayIp }) => gatewayIp === ip)
    const text = `${WORDS['route-gateway']} ${route?.id ?? ''}`.trimEnd()
    return { as: 'route-gateway', text }
  }

  #count(ip: Ip, by: number): void {
    const count = (this.#counts.get(ip) ?? 0) + by
    if (count === 0) this.#counts.delete(ip)
    else this.#counts.set(ip, count)
  }
}

const WORDS: Readonly<Record<KeptAs, string>> = {
  network: 'the network address',
  anycast: 'the subnet-router anycast address',
  broadcast: 'the broadcast address',
  gateway: 'the gateway',
  'dns-server': 'a DNS server',
  'route-gateway': 'the gateway of static route',
}

/**
 * The gateway first: it names an address best. RFC 3021: a /31 has neither network nor broadcast address; RFC 6164:
 * a /127 has no anycast one.
 */
function keptBySubnet({ cidr, gatewayIp, dnsServers }: Subnet): readonly Kept[] {
  const kept: Kept[] = []
  if (gatewayIp !== null) kept.push({ ip: gatewayIp, as: 'gateway' })
  for (const text of dnsServers) {
    const ip = parseIp(text)
    if (ip !== undefined) kept.push({ ip, as: 'dns-server' })
  }
  const { network, prefix } = cidr
  if (!isIpv4Cidr(cidr)) {
    if (prefix < 127) kept.push({ ip: network, as: 'anycast' })
  } else if (prefix < 31) {
    kept.push({ ip: network, as: 'network' }, { ip: lastOf(cidr), as: 'broadcast' })
  }
  return kept
}
