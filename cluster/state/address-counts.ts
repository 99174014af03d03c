// How many addresses of each block of 256 and of 65,536 are given by the API: a search for a free one
// skips full blocks, so that a crowded /8 costs hundreds of steps and not millions.
import { nextIp, type Ip } from '#model/ip.ts'
import type { Ipv6 } from '#model/ipv6.ts'
import type { IpAddress } from '#model/network.ts'
import type { Table } from './table.ts'

/** What the addresses of a block have in common: upper bits, or upper digits. */
type Block = number | string

export class AddressCounts {
  readonly #small = new Map<Block, number>()
  readonly #large = new Map<Block, number>()

  constructor(addresses: Table<IpAddress, Ip>) {
    addresses.follow({
      onChange: (ip, before, after) => {
        if ((before === undefined) === (after === undefined)) return
        const by = after === undefined ? -1 : 1
        const isNumber = typeof ip === 'number'
        add(this.#small, isNumber ? ip >>> 8 : ip.slice(0, -2), by)
        add(this.#large, isNumber ? ip >>> 16 : ip.slice(0, -4), by)
      },
    })
  }

  /** `ip` itself, or what is above the full blocks that begin with it: maybe no address any more. */
  skipFull(ip: Ip): Ip {
    return typeof ip === 'number' ? (this.#skipNumbers(ip) as Ip) : this.#skipTexts(ip)
  }

  #skipNumbers(ip: number): number {
    let at = ip
    while (at <= 0xffffffff) {
      if ((at & 0xffff) === 0 && this.#large.get(at >>> 16) === 65_536) at += 65_536
      else if ((at & 0xff) === 0 && this.#small.get(at >>> 8) === 256) at += 256
      else break
    }
    return at
  }

  #skipTexts(ip: Ipv6): Ip {
    let at: Ip = ip
    while (typeof at === 'string') {
      const [large, small] = [at.slice(0, -4), at.slice(0, -2)]
      if (at.endsWith(':0000') && this.#large.get(large) === 65_536) at = above(`${large}ffff`)
      else if (at.endsWith('00') && this.#small.get(small) === 256) at = above(`${small}ff`)
      else break
    }
    return at
  }
}

function above(last: string): Ip {
  return nextIp(last as Ipv6)
}

function add(counts: Map<Block, number>, block: Block, by: number): void {
  const count = (counts.get(block) ?? 0) + by
  if (count === 0) counts.delete(block)
  else counts.set(block, count)
}
