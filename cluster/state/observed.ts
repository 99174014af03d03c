// Addresses that a rack saw in use by a machine which no hold is for (`observed[a]` of lease-protocol §2): kept
// from everybody else for an hour. Seeing frees nothing and ends nothing.
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { DONE, notFound, refuse, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { liveHold } from './free.ts'
import { OBSERVED_MAX, OBSERVED_MS, OBSERVED_PER_MAC_MAX } from './limits.ts'
import type { RegionState } from './state.ts'

export const observeAddress: Handler<'lease.observe'> = (context, { rackId, mac, ip }) => {
  const { state, now } = context
  if (state.controllers.get(rackId)?.kind !== 'rack') return notFound('RackController')
  if (state.pools.at(ip)?.range.type !== 'dynamic') return notFound('IPRange')
  // Its own client answered: nothing to keep from anybody.
  if (liveHold(state, now, ip)?.mac === mac) return DONE
  const known = liveObserved(state, now, ip)
  if (known?.mac !== mac) {
    if (known === undefined && state.observed.size >= OBSERVED_MAX) {
      return refuse('OVERLOADED', `At most ${OBSERVED_MAX} observed addresses are kept.`)
    }
    // One machine that answers for many is a proxy (RFC 1027), and would take the whole pool.
    if (state.observedByMac.count(mac) >= OBSERVED_PER_MAC_MAX) {
      return refuse('CONFLICT', `${mac} answers for more addresses than a machine has.`)
    }
    tellOperator(context, mac, ip)
  }
  state.observed.put(ip, { ip, mac, until: now + OBSERVED_MS })
  return DONE
}

function liveObserved(state: RegionState, now: number, ip: Ipv4) {
  const row = state.observed.get(ip)
  return row !== undefined && row.until > now ? row : undefined
}

function tellOperator(context: Parameters<typeof addEvent>[0], mac: MacAddress, ip: Ipv4): void {
  addEvent(context, {
    systemId: context.state.interfacesByMac.first(mac)?.systemId ?? null,
    username: '',
    level: 'WARNING',
    type: 'Address in use without a lease',
    description: `${mac} answers for ${formatIpv4(ip)}, which DHCP did not give it; nobody else gets it for an hour.`,
  })
}
