// Which prefix lengths IPv6 subnets have: to look for the longest one that has an address, a handful of look-ups
// instead of 129. Derived from the rows.
import type { SubnetId } from '#model/ids.ts'
import { isIpv4Cidr } from '#model/ip.ts'
import type { Subnet } from '#model/network.ts'
import type { Table } from './table.ts'

export class Ipv6Prefixes {
  /** Prefix length → subnets that have it. */
  readonly #counts = new Map<number, number>()
  #longestFirst: readonly number[] = []

  constructor(subnets: Table<Subnet, SubnetId>) {
    subnets.follow({
      onChange: (_id, before, after) => {
        this.#count(before, -1)
        this.#count(after, 1)
      },
    })
  }

  get longestFirst(): readonly number[] {
    return this.#longestFirst
  }

  #count(subnet: Subnet | undefined, by: 1 | -1): void {
    if (subnet === undefined || isIpv4Cidr(subnet.cidr)) return
    const { prefix } = subnet.cidr
    const count = (this.#counts.get(prefix) ?? 0) + by
    if (count === 0) this.#counts.delete(prefix)
    else this.#counts.set(prefix, count)
    this.#longestFirst = [...this.#counts.keys()].toSorted((a, b) => b - a)
  }
}
