// How many addresses of each block of 256 and of 65,536 are given by the API: a search for a free one
// skips full blocks, so that a crowded /8 costs hundreds of steps and not millions.
import { makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { IpAddress } from '#model/network.ts'
import type { Table } from './table.ts'

export class AddressCounts {
  readonly #small = new Map<number, number>()
  readonly #large = new Map<number, number>()

  constructor(addresses: Table<IpAddress, Ipv4>) {
    addresses.follow({
      onChange: (ip, before, after) => {
        if ((before === undefined) === (after === undefined)) return
        const by = after === undefined ? -1 : 1
        add(this.#small, ip >>> 8, by)
        add(this.#large, ip >>> 16, by)
      },
    })
  }

  /** `ip` itself, or the first address after the full blocks that begin with it; may exceed 2^32 − 1. */
  skipFull(ip: number): number {
    let at = ip
    while (at <= 0xffffffff) {
      const address = makeIpv4(at)
      if ((at & 0xffff) === 0 && this.#large.get(address >>> 16) === 65_536) at += 65_536
      else if ((at & 0xff) === 0 && this.#small.get(address >>> 8) === 256) at += 256
      else break
    }
    return at
  }
}

function add(counts: Map<number, number>, block: number, by: number): void {
  const count = (counts.get(block) ?? 0) + by
  if (count === 0) counts.delete(block)
  else counts.set(block, count)
}
