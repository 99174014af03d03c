// Subnets inside of a subnet: their addresses are theirs, an address belongs to the longest prefix.
import { compareIps, isIn, nextIp, previousIp, spanOf, type Ip, type IpSpan } from '#model/ip.ts'
import type { Subnet } from '#model/network.ts'
import type { RegionState } from './state.ts'

/** Ranges of the outermost subnets inside of `subnet`: ascending, not overlapping. */
export function nestedIn(state: RegionState, { cidr }: Subnet): readonly IpSpan[] {
  const whole = spanOf(cidr)
  const inside: IpSpan[] = []
  for (const other of state.subnets.values()) {
    if (other.cidr.prefix <= cidr.prefix || !isIn(whole, other.cidr.network)) continue
    inside.push(spanOf(other.cidr))
  }
  // Of two that begin alike the larger comes first, so that what it contains is dropped.
  inside.sort((a, b) => compareIps(a.start, b.start) || compareIps(b.end, a.end))
  let end: Ip | null = null
  return inside.filter((range) => {
    if (end !== null && range.start <= end) return false
    end = range.end
    return true
  })
}

/** `spans` and `ranges` of one family, ascending and not overlapping; so is what is left. */
export function withoutRanges(
  spans: readonly IpSpan[],
  ranges: readonly IpSpan[],
): readonly IpSpan[] {
  if (ranges.length === 0) return spans
  const left: IpSpan[] = []
  for (const { start, end } of spans) {
    let at = start
    for (const range of ranges) {
      if (range.end < at) continue
      if (range.start > end) break
      if (range.start > at) left.push({ start: at, end: previousIp(range.start) })
      at = nextIp(range.end)
    }
    if (at <= end) left.push({ start: at, end })
  }
  return left
}
