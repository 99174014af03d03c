// The network interfaces of this host as the rack reports and serves them.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Ipv4, parseIpv4 } from '#model/ipv4.ts'
import { type MacAddress, parseMac } from '#model/mac-address.ts'
import { OTHER_ADDRESSES_MAX } from '#model/machine.ts'

export type RackInterface = {
  readonly name: string
  /** Changes when an interface is deleted and made again; 0 where the host cannot tell. */
  readonly interfaceIndex: number
  readonly mac: MacAddress
  readonly addresses: readonly {
    readonly ip: Ipv4
    readonly prefix: number
    readonly cidr: string
  }[]
  /** With prefix lengths; no link-local ones. Reported, not served. */
  readonly ipv6: readonly string[]
}

/** In the order of their names, without loopback; only `names` unless null. */
export function listInterfaces(names: readonly string[] | null): readonly RackInterface[] {
  const found: RackInterface[] = []
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    const first = entries?.[0]
    const mac = parseMac(first?.mac ?? '')
    if (entries === undefined || first === undefined || first.internal || mac === undefined)
      continue
    if (names !== null && !names.includes(name)) continue
    const addresses = entries.flatMap((entry) => {
      const ip = parseIpv4(entry.address)
      const prefix = Number(entry.cidr?.split('/')[1])
      return ip === undefined ? [] : [{ ip, prefix, cidr: `${entry.address}/${prefix}` }]
    })
    const ipv6 = entries.flatMap(({ family, scopeid = 0, cidr }) =>
      family === 'IPv6' && scopeid === 0 && cidr !== null ? [cidr] : [],
    )
    found.push({ name, interfaceIndex: indexOf(name), mac, addresses, ipv6 })
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Of the registration: the interfaces in `names`, or all where that is null, and what else the host is reached by. */
export function reportOf(all: readonly RackInterface[], names: readonly string[] | null) {
  const addressesOf = ({ addresses, ipv6 }: RackInterface): readonly string[] => [
    ...addresses.map(({ cidr }) => cidr),
    ...ipv6,
  ]
  const isServed = ({ name }: RackInterface): boolean => names?.includes(name) ?? true
  // Requests that the rack hands on come from one of them, and are believed for it. Nothing else of those interfaces is
  // told: on a host with containers they come and go.
  const others = all.filter((each) => !isServed(each)).flatMap(addressesOf)
  return {
    interfaces: all
      .filter(isServed)
      .map((each) => ({ name: each.name, mac: each.mac, addresses: addressesOf(each) })),
    otherAddresses: others
      .map((cidr) => cidr.replace(/\/.*/, ''))
      .toSorted()
      .slice(0, OTHER_ADDRESSES_MAX),
  }
}

function indexOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')) || 0
  } catch {
    return 0
  }
}
