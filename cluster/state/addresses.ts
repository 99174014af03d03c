// Addresses given by the API (`api[a]` of lease-protocol §2).
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { ALLOC_TYPE, type Subnet } from '#model/network.ts'
import type { MacAddress } from '#model/mac-address.ts'
import { formatIp, formatIpCidr, isIn, type Ip } from '#model/ip.ts'
import { whyNotGiven } from './address-obstacles.ts'
import { chooseAddress, keptIn } from './allocate.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { isRestoring, obstacleTo, type Obstacle } from './free.ts'
import type { Refusal } from './outcome.ts'
import { hostRange } from './query.ts'
import type { RegionState } from './state.ts'

export const reserveAddress: Handler<'address.reserve'> = (context, command) => {
  const { state, now, wall } = context
  const subnet = state.subnets.get(command.subnetId)
  if (subnet === undefined) return notFound('Subnet')
  if (isRestoring(state, now)) {
    return refuse('CONFLICT', 'The region was restored: no address is given until leases ran out.')
  }
  const other = addressOfMac(state, subnet, command.mac)
  if (other !== undefined) {
    const text = `MAC address ${command.mac} already has the IP address(es) ${formatIp(other)}.`
    return refuse('CONFLICT', text)
  }
  const chosen =
    command.ip === null
      ? chooseAddress(state, subnet, now)
      : (checkWanted(context, subnet, command.ip) ?? { ok: true, ip: command.ip })
  if (!chosen.ok) return chosen
  const { ip } = chosen
  state.ipAddresses.put(ip, {
    ip,
    allocType: ALLOC_TYPE.userReserved,
    subnetId: subnet.id,
    userId: command.userId,
    hostname: command.hostname,
    mac: command.mac,
    createdWall: wall,
    updatedWall: wall,
  })
  return { ok: true, value: { ip } }
}

/** One that the MAC has in the subnet already (feature level 3). */
function addressOfMac(state: RegionState, { id }: Subnet, mac: MacAddress | null): Ip | undefined {
  if (mac === null || state.featureLevel < NETWORK_LEVEL) return undefined
  return state.ipAddressesByMac.rows(mac).find(({ subnetId }) => subnetId === id)?.ip
}

/** Gone at once: no rack serves these addresses by DHCP (lease-protocol §3, `api.release`). */
export const releaseAddress: Handler<'address.release'> = ({ state }, { ip, userId, force }) => {
  const address = state.ipAddresses.get(ip)
  // Another user's address is not visible, as in MAAS.
  if (address === undefined || (address.userId !== userId && !force)) {
    return notFound('StaticIPAddress')
  }
  const nic =
    address.interfaceId === undefined ? undefined : state.interfaces.get(address.interfaceId)
  if (nic !== undefined) {
    const owner = state.machines.get(nic.systemId) ?? state.devices.get(nic.systemId)
    const text = `is linked to ${nic.name} of ${owner?.hostname ?? nic.systemId}: unlink it there`
    return refuse('CONFLICT', `The IP address ${formatIp(ip)} ${text}.`)
  }
  state.ipAddresses.delete(ip)
  return DONE
}

/** Ends the rest of a declined or observed address; the holds on it stay and run out. */
export const forgetAddress: Handler<'address.forget'> = ({ state, now }, { ip }) => {
  const seen = [state.quarantines.get(ip), state.observed.get(ip)]
  if (!seen.some((row) => row !== undefined && row.until > now)) return notFound('StaticIPAddress')
  state.quarantines.delete(ip)
  state.observed.delete(ip)
  return DONE
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  allocated: 'is already in use',
  reservation: 'is kept for a DHCP client',
  held: 'is leased to a DHCP client',
  reserve: 'is kept by a rack for DHCP clients; it comes back when the rack returns it',
  restoring: 'may be in use since before the region was restored',
  quarantined: 'was found in use by a machine nobody knows',
  observed: 'was seen in use by a machine that has no lease for it',
  controller: 'belongs to a rack controller',
}

/** An address named by the caller may lie in a reserved range, not in a dynamic one. */
function checkWanted(context: Context, subnet: Subnet, ip: Ip): Refusal | null {
  const { state, now } = context
  if (state.featureLevel < NETWORK_LEVEL) return checkWantedAtFirst(context, subnet, ip)
  const why = whyNotGiven(state, now, { subnet, ip })
  return why === null
    ? null
    : refuse('ADDRESS_UNAVAILABLE', `The IP address ${formatIp(ip)} ${why}.`)
}

/** What the command meant below level 3, to the letter: old logs are replayed. */
function checkWantedAtFirst({ state, now }: Context, subnet: Subnet, ip: Ip): Refusal | null {
  const unavailable = (why: string): Refusal =>
    refuse('ADDRESS_UNAVAILABLE', `The IP address ${formatIp(ip)} ${why}.`)
  if (!isIn(hostRange(subnet), ip)) {
    return unavailable(`is not a host address of ${formatIpCidr(subnet.cidr)}`)
  }
  if (state.pools.at(ip)?.range.type === 'dynamic') return unavailable('is in a dynamic range')
  if (keptIn(state, subnet)(ip)) return unavailable('is the gateway or a DNS server of the subnet')
  const obstacle = obstacleTo(state, now, { ip, client: null })
  return obstacle === null ? null : unavailable(OBSTACLES[obstacle])
}
