// Which IP range an address lies in, and how many addresses of it are held: asked for every lease, so
// both are kept instead of searched. Derived from the rows of two tables; rebuilt when a range changes.
import type { IpRangeId } from '#model/ids.ts'
import { rangeSize, rangesOverlap, type Ipv4, type Ipv4Range } from '#model/ipv4.ts'
import type { Hold, IpRange, Reserve } from '#model/network.ts'
import type { Table } from './table.ts'

export type Pool = {
  readonly range: IpRange
  readonly size: number
  /** Rows in `holds` inside the range, ended ones that were not swept yet included. */
  readonly heldCount: number
  /** Rows in `reserves` inside the range. */
  readonly reservedCount: number
}

type Counted = 'heldCount' | 'reservedCount'
type MutablePool = { -readonly [Name in keyof Pool]: Pool[Name] }

export class Pools {
  readonly #ranges: Table<IpRange, IpRangeId>
  readonly #holds: Table<Hold, Ipv4>
  readonly #reserves: Table<Reserve, Ipv4>
  /** Sorted by start, never overlapping; null: to be rebuilt. */
  #pools: MutablePool[] | null = null

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
  at(ip: Ipv4): Pool | undefined {
    return find(this.#all(), ip)
  }

  /** First range that shares an address with `wanted`. */
  overlapping(wanted: Ipv4Range, except: IpRangeId | null): IpRange | undefined {
    for (const { range } of this.#all()) {
      if (range.id !== except && rangesOverlap(range, wanted)) return range
    }
    return undefined
  }

  /** Ranges that share an address with `wanted`, ascending. */
  within(wanted: Ipv4Range): readonly IpRange[] {
    return this.#all().flatMap(({ range }) => (rangesOverlap(range, wanted) ? [range] : []))
  }

  #count<Row>(table: Table<Row, Ipv4>, what: Counted): void {
    table.follow({
      onChange: (ip, before, after) => {
        if (this.#pools === null || (before === undefined) === (after === undefined)) return
        const pool = find(this.#pools, ip)
        if (pool !== undefined) pool[what] += after === undefined ? -1 : 1
      },
    })
  }

  #all(): MutablePool[] {
    if (this.#pools !== null) return this.#pools
    const pools: MutablePool[] = []
    for (const range of this.#ranges.values()) {
      pools.push({ range, size: rangeSize(range), heldCount: 0, reservedCount: 0 })
    }
    pools.sort((a, b) => a.range.start - b.range.start)
    for (const ip of this.#holds.keys()) {
      const pool = find(pools, ip)
      if (pool !== undefined) pool.heldCount++
    }
    for (const ip of this.#reserves.keys()) {
      const pool = find(pools, ip)
      if (pool !== undefined) pool.reservedCount++
    }
    this.#pools = pools
    return pools
  }
}

function find(pools: readonly MutablePool[], ip: Ipv4): MutablePool | undefined {
  let low = 0
  let high = pools.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pools[middle]?.range.start ?? 0) <= ip) low = middle + 1
    else high = middle
  }
  const pool = pools[low - 1]
  return pool !== undefined && ip <= pool.range.end ? pool : undefined
}
