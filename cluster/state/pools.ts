// Which IP range an address lies in, and how many addresses of it are held: asked for every lease, so
// both are kept instead of searched. Derived from the rows of two tables; rebuilt when a range changes.
import type { IpRangeId } from '#model/ids.ts'
import { compareIps, isIpv4, sizeOf, spansOverlap, type Ip, type IpSpan } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { Hold, IpRange, Reserve } from '#model/network.ts'
import type { Table } from './table.ts'

export type Pool = {
  readonly range: IpRange
  /** Addresses in it; of IPv6 maybe rounded. */
  readonly size: number
  /** Rows in `holds` inside the range, ended ones that were not swept yet included. */
  readonly heldCount: number
  /** Rows in `reserves` inside the range. */
  readonly reservedCount: number
}

type Counted = 'heldCount' | 'reservedCount'
type MutablePool = { -readonly [Name in keyof Pool]: Pool[Name] }
/** Each sorted by start and never overlapping. */
type ByFamily = { readonly ipv4: MutablePool[]; readonly ipv6: MutablePool[] }

export class Pools {
  readonly #ranges: Table<IpRange, IpRangeId>
  readonly #holds: Table<Hold, Ipv4>
  readonly #reserves: Table<Reserve, Ipv4>
  /** Null: to be rebuilt. */
  #pools: ByFamily | null = null

  constructor(
    ranges: Table<IpRange, IpRangeId>,
    holds: Table<Hold, Ipv4>,
    reserves: Table<Reserve, Ipv4>,
  ) {
    this.#ranges = ranges
    this.#holds = holds
    this.#reserves = reserves
    ranges.follow({ onChange: () => (this.#pools = null) })
    this.#count(holds, 'heldCount')
    this.#count(reserves, 'reservedCount')
  }

  /** The range `ip` lies in; ranges never overlap, whatever their subnets. */
  at(ip: Ip): Pool | undefined {
    return find(this.#ofFamily(ip), ip)
  }

  /** First range that shares an address with `wanted`. */
  overlapping(wanted: IpSpan, except: IpRangeId | null): IpRange | undefined {
    for (const { range } of this.#ofFamily(wanted.start)) {
      if (range.id !== except && spansOverlap(range, wanted)) return range
    }
    return undefined
  }

  /** Ranges that share an address with `wanted`, ascending. */
  within(wanted: IpSpan): readonly IpRange[] {
    const pools = this.#ofFamily(wanted.start)
    return pools.flatMap(({ range }) => (spansOverlap(range, wanted) ? [range] : []))
  }

  #count<Row>(table: Table<Row, Ipv4>, what: Counted): void {
    table.follow({
      onChange: (ip, before, after) => {
        if (this.#pools === null || (before === undefined) === (after === undefined)) return
        const pool = find(this.#pools.ipv4, ip)
        if (pool !== undefined) pool[what] += after === undefined ? -1 : 1
      },
    })
  }

  #ofFamily(ip: Ip): readonly MutablePool[] {
    const { ipv4, ipv6 } = this.#all()
    return isIpv4(ip) ? ipv4 : ipv6
  }

  #all(): ByFamily {
    if (this.#pools !== null) return this.#pools
    const pools: ByFamily = { ipv4: [], ipv6: [] }
    for (const range of this.#ranges.values()) {
      const list = isIpv4(range.start) ? pools.ipv4 : pools.ipv6
      list.push({ range, size: sizeOf(range), heldCount: 0, reservedCount: 0 })
    }
    for (const list of [pools.ipv4, pools.ipv6]) {
      list.sort((a, b) => compareIps(a.range.start, b.range.start))
    }
    for (const ip of this.#holds.keys()) {
      const pool = find(pools.ipv4, ip)
      if (pool !== undefined) pool.heldCount++
    }
    for (const ip of this.#reserves.keys()) {
      const pool = find(pools.ipv4, ip)
      if (pool !== undefined) pool.reservedCount++
    }
    this.#pools = pools
    return pools
  }
}

/** `pools` are of the family of `ip`. */
function find(pools: readonly MutablePool[], ip: Ip): MutablePool | undefined {
  let low = 0
  let high = pools.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const start = pools[middle]?.range.start
    if (start !== undefined && start <= ip) low = middle + 1
    else high = middle
  }
  const pool = pools[low - 1]
  return pool !== undefined && ip <= pool.range.end ? pool : undefined
}
