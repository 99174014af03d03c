// Whether an address may speak for a machine. MAAS gives a machine's secret to whoever asks for its preseed (LP 1015559);
// here only to an address that is the machine's, or, where somebody else runs DHCP, to one that the cluster knows
// nothing of.
import { formatIp, isIpv4, type Ip } from '#model/ip.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { MACHINE_STATUS, type Machine } from '#model/machine.ts'
import type { MachineToken } from '#model/machine-token.ts'
import type { SystemId } from '#model/ids.ts'
import { configOf } from '#state/config-keys.ts'
import { interfacesOf, isLive, servingVlanOf, subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

/** `nobodys`: our racks give the addresses there, and gave this one to nobody. `unknown`: none of our business. */
type Standing = 'own' | 'others' | 'nobodys' | 'unknown'

function standingOf(state: RegionState, systemId: SystemId, ip: Ip): Standing {
  const nics = interfacesOf(state, systemId)
  const isOwn = (mac: MacAddress | null): Standing =>
    nics.some((nic) => mac !== null && nic.mac === mac) ? 'own' : 'others'
  const hold = isIpv4(ip) ? state.holds.get(ip) : undefined
  if (hold !== undefined && isLive(hold, state.stamp)) return isOwn(hold.mac)
  if (state.controllerAddresses.has(ip)) return 'others'
  if (nics.some(({ links }) => links.some((link) => link.ip === ip))) return 'own'
  const given = state.ipAddresses.get(ip) ?? state.reservations.get(ip)
  if (given !== undefined) return isOwn(given.mac)
  const observed = isIpv4(ip) ? state.observed.get(ip) : undefined
  if (observed !== undefined && observed.until > state.stamp) return isOwn(observed.mac)
  return inSubnet(state, systemId, ip)
}

/** What its subnet says of an address that no table has. */
function inSubnet(state: RegionState, systemId: SystemId, ip: Ip): Standing {
  const subnet = subnetOf(state, ip)
  const vlan = subnet === undefined ? undefined : state.vlans.get(subnet.vlanId)
  if (vlan === undefined) return 'unknown'
  const isLinked = state.interfacesByVlan
    .rows(vlan.id)
    .some((nic) => nic.systemId !== systemId && nic.links.some((link) => link.ip === ip))
  if (isLinked) return 'others'
  // Racks serve no IPv6: whoever gives such addresses is not ours.
  return isIpv4(ip) && servingVlanOf(state, vlan)?.dhcpOn === true ? 'nobodys' : 'unknown'
}

/** Why the address may not ask for what the machine boots with; null: it may. */
export function whyNotAsk(
  state: RegionState,
  { systemId }: Machine,
  ip: Ip | undefined,
): string | null {
  if (ip === undefined) return 'The address of the client cannot be told.'
  return whyNotStanding(state, standingOf(state, systemId, ip), formatIp(ip))
}

/**
 * Why a signed request is not believed from there. While a machine is at work it speaks from its own addresses or from
 * that of its preseed, also when the lease of it has run out; an installed system may be anywhere.
 */
export function whyNotSpeak(
  state: RegionState,
  { machine, token }: { readonly machine: Machine; readonly token: MachineToken },
  ip: Ip | undefined,
): string | null {
  if (machine.status === MACHINE_STATUS.DEPLOYED) return null
  if (ip === undefined) return 'The address of the client cannot be told.'
  const standing = standingOf(state, machine.systemId, ip)
  const text = formatIp(ip)
  if (standing !== 'others' && text === token.address) return null
  return whyNotStanding(state, standing, text)
}

function whyNotStanding(state: RegionState, standing: Standing, text: string): string | null {
  switch (standing) {
    case 'own':
      return null
    case 'others':
      return `${text} is an address of somebody else.`
    case 'nobodys':
      return `${text} is in a subnet that our racks serve, and was given to nobody.`
    case 'unknown':
      return configOf(state, 'metadata_unknown_addresses') === false
        ? `${text} is unknown here (setting metadata_unknown_addresses).`
        : null
    default:
      return standing satisfies never
  }
}
