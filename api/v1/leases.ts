// GET /api/v1/leases: the DHCP leases that regions know of. The region holds an address longer than the client's lease
// lasts (ARCHITECTURE.md §3.1): both ends are told, as what is left of them.
import { formatIpv4 } from '#model/ipv4.ts'
import type { Hold } from '#model/network.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import type { Answer, Call } from '../call.ts'
import { fieldError } from '../errors.ts'
import { readParams, text, type Params } from '../params.ts'
import { findSubnet } from '../specifiers.ts'
import { PAGE_QUERY, type Pages } from './pages.ts'

export const LEASES_QUERY = {
  ...PAGE_QUERY,
  subnet: text('Only those in this subnet: id, CIDR, name or another specifier.'),
  mac: text('Only those of this MAC address.', { max: 64 }),
} satisfies Params

export function makeListLeases(pages: Pages) {
  return (call: Call): Promise<Answer> => {
    const { subnet, mac } = readParams(call.input, LEASES_QUERY)
    return pages.page(call, {
      list: `leases ${subnet ?? ''} ${mac ?? ''}`,
      rows: ({ state }) => {
        const isWanted = subnetFilter(state, subnet)
        return [...state.holds.values()]
          .filter((hold) => isWanted(hold) && (mac === undefined || hold.mac === mac.toLowerCase()))
          .map((hold) => renderLease(state, hold))
      },
      render: (row) => row,
    })
  }
}

function subnetFilter(state: RegionState, given: string | undefined): (hold: Hold) => boolean {
  if (given === undefined) return () => true
  const wanted = findSubnet(state, given)
  if (wanted === null) throw fieldError('subnet', `There is no subnet ${given}.`)
  return ({ ip }) => subnetOf(state, ip)?.id === wanted.id
}

/** Times are what is left of them, in seconds of log time. */
function renderLease(state: RegionState, hold: Hold) {
  const leaseEnds = hold.boundAt + hold.leaseSeconds * 1_000
  const left = (until: number): number => Math.max(0, Math.ceil((until - state.stamp) / 1_000))
  return {
    ip: formatIpv4(hold.ip),
    mac: hold.mac,
    hostname: hold.hostname,
    subnet_id: subnetOf(state, hold.ip)?.id ?? null,
    rack_id: hold.rackId,
    bound: new Date(hold.boundWall).toISOString(),
    released: hold.released,
    lease_ends_in_seconds: hold.released ? 0 : left(leaseEnds),
    held_for_seconds: left(hold.until),
  }
}
