// What uses the addresses of a subnet: statistics, ranges and single addresses (maas-api §8.1).
import { compareIps, familyOf, formatIp, sizeOf, type IpSpan } from '#model/ip.ts'
import type { Subnet } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'
import { subnetStatistics, unusedRanges, usedRanges } from '#state/subnet-usage.ts'
import { json, jsonList, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { knownAddresses } from '../known-addresses.ts'
import { renderAddressLine } from '../render/address.ts'
import { flag } from '../params.ts'
import { operation, taking, type Action } from '../resource.ts'
import { findSubnet } from '../specifiers.ts'

export function subnetOf(state: RegionState, call: Call): Subnet {
  const subnet = findSubnet(state, call.param('id'))
  if (subnet === null) throw notFound('Subnet')
  return subnet
}

/** Numbers beyond 2^53 are rounded: JSON has no others that its readers agree about. */
function renderRange({ start, end }: IpSpan) {
  return { start: formatIp(start), end: formatIp(end), num_addresses: sizeOf({ start, end }) }
}

async function statistics(call: Call) {
  const state = await call.state()
  const { id } = subnetOf(state, call)
  const found = subnetStatistics(state, id)
  if (found === undefined) throw notFound('Subnet')
  const usage = found.unavailableCount / Math.max(1, found.totalAddresses)
  const first = found.unused[0]?.start
  return json({
    num_available: found.availableCount,
    largest_available: found.largestAvailable,
    num_unavailable: found.unavailableCount,
    total_addresses: found.totalAddresses,
    usage,
    usage_string: `${Math.round(usage * 100)}%`,
    available_string: `${Math.round((1 - usage) * 100)}%`,
    first_address: formatIp(found.firstAddress),
    last_address: formatIp(found.lastAddress),
    ip_version: familyOf(found.firstAddress),
    ...(call.input.flag('include_ranges') ? { ranges: renderRanges(found) } : {}),
    ...(call.input.flag('include_suggestions')
      ? {
          suggested_gateway: first === undefined ? null : formatIp(first),
          suggested_dynamic_range: largestOf(found.unused),
        }
      : {}),
  })
}

type Statistics = NonNullable<ReturnType<typeof subnetStatistics>>

function renderRanges({ used, unused }: Statistics) {
  const ranges = [
    ...used.map((range) => ({ range, purpose: range.purpose as readonly string[] })),
    ...unused.map((range) => ({ range, purpose: ['unused'] })),
  ].toSorted((a, b) => compareIps(a.range.start, b.range.start))
  return ranges.map(({ range, purpose }) => ({ ...renderRange(range), purpose }))
}

function largestOf(ranges: readonly IpSpan[]) {
  const [largest] = ranges.toSorted((a, b) => sizeOf(b) - sizeOf(a))
  return largest === undefined ? null : renderRange(largest)
}

/** Names of nodes and users unless they are not wanted, as in MAAS. */
async function ipAddresses(call: Call) {
  const state = await call.state()
  const subnet = subnetOf(state, call)
  const isWanted = (name: string): boolean => !call.input.has(name) || call.input.flag(name)
  const options = {
    username: isWanted('with_username'),
    node: isWanted('with_node_summary') && isWanted('with_summary'),
  }
  return jsonList(knownAddresses(state, subnet), (row) => renderAddressLine(state, row, options))
}

async function reservedRanges(call: Call) {
  const state = await call.state()
  const ranges = usedRanges(state, subnetOf(state, call).id)
  return json(ranges.map((range) => ({ ...renderRange(range), purpose: range.purpose })))
}

async function unreservedRanges(call: Call) {
  const state = await call.state()
  return json(unusedRanges(state, subnetOf(state, call).id).map(renderRange))
}

const STATISTICS = {
  include_ranges: flag('Also what each range of addresses is for.'),
  include_suggestions: flag('Also a gateway and a dynamic range that would fit.'),
}
const WITH = {
  with_username: flag('Name the owners (default).'),
  with_node_summary: flag('Name the nodes (default).'),
  with_summary: flag('The same.'),
}

/** Questions about the addresses of one subnet. */
export const SUBNET_USAGE: readonly Action[] = [
  taking(
    STATISTICS,
    (run) => operation('GET', 'statistics', { doc: 'Count free and used addresses.' }, run),
    statistics,
  ),
  taking(
    WITH,
    (run) => operation('GET', 'ip_addresses', { doc: 'List addresses in use.' }, run),
    ipAddresses,
  ),
  operation('GET', 'reserved_ip_ranges', { doc: 'List used ranges.' }, reservedRanges),
  operation('GET', 'unreserved_ip_ranges', { doc: 'List free ranges.' }, unreservedRanges),
]
