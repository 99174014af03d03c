// Subnets inside of a subnet: their addresses are theirs, an address belongs to the longest prefix.
import { firstOf, lastOf, type Ipv4Range } from '#model/ipv4.ts'
import type { Subnet } from '#model/network.ts'
import type { RegionState } from './state.ts'

/** Inclusive; plain numbers: one below the first address and one above the last occur. */
export type Span = { readonly start: number; readonly end: number }

/** Ranges of the outermost subnets inside of `subnet`: ascending, not overlapping. */
export function nestedIn(state: RegionState, { cidr }: Subnet): readonly Ipv4Range[] {
  const [first, last] = [firstOf(cidr), lastOf(cidr)]
  const inside: Ipv4Range[] = []
  for (const other of state.subnets.values()) {
    const { network, prefix } = other.cidr
    if (prefix <= cidr.prefix || network < first || network > last) continue
    inside.push({ start: firstOf(other.cidr), end: lastOf(other.cidr) })
  }
  // Of two that begin alike the larger comes first, so that what it contains is dropped.
  inside.sort((a, b) => a.start - b.start || b.end - a.end)
  let end = -1
  return inside.filter((range) => {
    if (range.start <= end) return false
    end = range.end
    return true
  })
}

/** `spans` and `ranges` ascending and not overlapping; so is what is left. */
export function withoutRanges(
  spans: readonly Span[],
  ranges: readonly Ipv4Range[],
): readonly Span[] {
  if (ranges.length === 0) return spans
  const left: Span[] = []
  for (const { start, end } of spans) {
    let at = start
    for (const range of ranges) {
      if (range.end < at) continue
      if (range.start > end) break
      if (range.start > at) left.push({ start: at, end: range.start - 1 })
      at = range.end + 1
    }
    if (at <= end) left.push({ start: at, end })
  }
  return left
}
