// GET /api/v1/explain/address/{ip}: why an address would or would not be given, and by whose right somebody has it.
import { formatIp, formatIpCidr, parseIp } from '#model/ip.ts'
import { explainAddress, type AddressExplanation } from '#state/explain-address.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Answer, type Call } from '../call.ts'
import { fieldError } from '../errors.ts'

export async function explainAddressRoute(call: Call): Promise<Answer> {
  const ip = parseIp(call.param('ip'))
  if (ip === undefined) throw fieldError('ip', 'Enter a valid IPv4 or IPv6 address.')
  const { state, revision } = await call.view()
  const found = explainAddress(state, ip)
  const text = formatIp(ip)
  return json({
    ip: text,
    revision,
    ...renderPlace(found),
    ...renderRights(state, found),
    by_name: verdict(text, found.whyNotByName),
    next_free: found.isOfferedAsNext,
    by_dhcp: verdict(text, found.whyNotByDhcp),
  })
}

/** `given`: a client or user who asks now would get it. */
function verdict(ip: string, why: string | null) {
  return { given: why === null, reason: why === null ? null : `${ip} ${why}.` }
}

function renderPlace({ subnet, vlan, range, keptAs }: AddressExplanation) {
  return {
    subnet:
      subnet === undefined
        ? null
        : {
            id: subnet.id,
            cidr: formatIpCidr(subnet.cidr),
            name: subnet.name,
            managed: subnet.managed,
          },
    vlan:
      vlan === undefined
        ? null
        : { id: vlan.id, vid: vlan.vid, name: vlan.name, dhcp_on: vlan.dhcpOn },
    range:
      range === undefined
        ? null
        : {
            id: range.id,
            type: range.type,
            start_ip: formatIp(range.start),
            end_ip: formatIp(range.end),
          },
    kept_as: keptAs,
  }
}

/** Times are what is left of them, in seconds of log time. */
function renderRights(state: RegionState, found: AddressExplanation) {
  const { allocation, hold, reservation, reserve, quarantine } = found
  const left = (until: number): number => Math.ceil((until - state.stamp) / 1_000)
  const owner =
    allocation?.userId == null ? undefined : state.users.get(allocation.userId)?.username
  return {
    allocation:
      allocation === undefined
        ? null
        : { alloc_type: allocation.allocType, owner: owner ?? null, mac: allocation.mac },
    hold:
      hold === undefined
        ? null
        : {
            mac: hold.mac,
            hostname: hold.hostname,
            rack_id: hold.rackId,
            released: hold.released,
            ends_in_seconds: left(hold.until),
          },
    reserved_ip:
      reservation === undefined
        ? null
        : {
            id: reservation.id ?? null,
            mac: reservation.mac,
            comment: reservation.comment ?? '',
            effective: found.reservationIsEffective,
          },
    rack_reserve: reserve === undefined ? null : { rack_id: reserve.rackId },
    declined:
      quarantine === undefined
        ? null
        : { mac: quarantine.mac, ends_in_seconds: left(quarantine.until) },
  }
}
