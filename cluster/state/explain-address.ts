// Everything the state knows about one address, and what would be said to who asks for it: for operators who wonder
// why it is given, or is not.
import { isIn, isIpv4, type Ip } from '#model/ip.ts'
import type {
  Hold,
  IpAddress,
  IpRange,
  Quarantine,
  Reservation,
  Reserve,
  Subnet,
  Vlan,
} from '#model/network.ts'
import { describeObstacle, whyNotGiven } from './address-obstacles.ts'
import { isEffective, liveHold, liveReserve, obstacleTo } from './free.ts'
import { isServedBy, servingVlanOf, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'
import { unusedRanges } from './subnet-usage.ts'

export type AddressExplanation = {
  /** The longest prefix that has it. */
  readonly subnet: Subnet | undefined
  readonly vlan: Vlan | undefined
  readonly range: IpRange | undefined
  /** "the gateway of subnet …"; null: nobody keeps it. */
  readonly keptAs: string | null
  readonly allocation: IpAddress | undefined
  readonly hold: Hold | undefined
  readonly reservation: Reservation | undefined
  /** The reservation may be served: nobody else is protected on the address. */
  readonly reservationIsEffective: boolean
  readonly reserve: Reserve | undefined
  readonly quarantine: Quarantine | undefined
  /** Why the API would not give it to who names it; null: it would. */
  readonly whyNotByName: string | null
  readonly isOfferedAsNext: boolean
  /** Why a client that nobody knows would not get it by DHCP; null: it would. */
  readonly whyNotByDhcp: string | null
}

/** Of the state's own log time. */
export function explainAddress(state: RegionState, ip: Ip): AddressExplanation {
  const now = state.stamp
  const subnet = subnetOf(state, ip)
  const reservation = state.reservations.get(ip)
  const quarantine = isIpv4(ip) ? state.quarantines.get(ip) : undefined
  return {
    subnet,
    vlan: subnet === undefined ? undefined : state.vlans.get(subnet.vlanId),
    range: state.pools.at(ip)?.range,
    keptAs: state.keptAddresses.reason(ip)?.text ?? null,
    allocation: state.ipAddresses.get(ip),
    hold: liveHold(state, now, ip),
    reservation,
    reservationIsEffective: reservation !== undefined && isEffective(state, now, reservation),
    reserve: liveReserve(state, now, ip),
    quarantine: quarantine !== undefined && quarantine.until > now ? quarantine : undefined,
    whyNotByName:
      subnet === undefined ? 'is in no subnet' : whyNotGiven(state, now, { subnet, ip }),
    isOfferedAsNext:
      subnet !== undefined && unusedRanges(state, subnet.id).some((range) => isIn(range, ip)),
    whyNotByDhcp: whyNotByDhcp(state, now, ip),
  }
}

function whyNotByDhcp(state: RegionState, now: number, ip: Ip): string | null {
  if (!isIpv4(ip)) return 'is an IPv6 address, which racks do not give by DHCP'
  const range = state.pools.at(ip)?.range
  const subnet = range === undefined ? undefined : state.subnets.get(range.subnetId)
  const vlan = subnet === undefined ? undefined : state.vlans.get(subnet.vlanId)
  if (range?.type !== 'dynamic' || vlan === undefined) return 'is in no dynamic range'
  if (servingVlanOf(state, vlan)?.dhcpOn !== true)
    return `is on VLAN ${vlan.name}, where DHCP is off`
  const racks = [...state.controllers.values()].filter(({ systemId }) =>
    isServedBy(state, vlan, systemId),
  )
  if (!racks.some(({ connected }) => connected)) return 'has no connected rack that serves it'
  const obstacle = obstacleTo(state, now, { ip, client: null })
  return obstacle === null ? null : describeObstacle(state, ip, obstacle)
}
