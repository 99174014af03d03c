// Gives links their addresses, through the one door (`free.ts`): a `static` one has its own at once, an `auto` one from
// the deployment of its machine on.
import type { SystemId } from '#model/ids.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { Interface, InterfaceLink } from '#model/machine.ts'
import { ALLOC_TYPE, type Subnet } from '#model/network.ts'
import { whyNotGiven } from './address-obstacles.ts'
import { chooseAddress } from './allocate.ts'
import { notFound, refuse, type Context } from './context.ts'
import { isRestoring } from './free.ts'
import { putLink } from './interface-links.ts'
import type { Refusal } from './outcome.ts'

type Taken = { readonly ok: true; readonly ip: Ip } | Refusal

type Wanted = {
  readonly mode: 'auto' | 'static'
  readonly subnet: Subnet
  /** Null: the next free one. */
  readonly ip: Ip | null
}

/** ADDRESS_UNAVAILABLE, ADDRESSES_EXHAUSTED with figures, or CONFLICT while a restored region waits. */
function takeAddress(context: Context, nic: Interface, { mode, subnet, ip }: Wanted): Taken {
  const { state, now, wall } = context
  if (isRestoring(state, now)) {
    return refuse('CONFLICT', 'The region was restored: no address is given until leases ran out.')
  }
  const chosen =
    ip === null ? chooseAddress(state, subnet, now) : checked(context, { subnet, ip, mac: nic.mac })
  if (!chosen.ok) return chosen
  state.ipAddresses.put(chosen.ip, {
    ip: chosen.ip,
    allocType: mode === 'auto' ? ALLOC_TYPE.auto : ALLOC_TYPE.sticky,
    subnetId: subnet.id,
    userId: null,
    hostname: '',
    mac: nic.mac,
    interfaceId: nic.id,
    createdWall: wall,
    updatedWall: wall,
  })
  return chosen
}

type Named = { readonly subnet: Subnet; readonly ip: Ip; readonly mac: Interface['mac'] }

function checked({ state, now }: Context, named: Named): Taken {
  const { ip } = named
  const why = whyNotGiven(state, now, named)
  if (why === null) return { ok: true, ip }
  return refuse('ADDRESS_UNAVAILABLE', `The IP address ${formatIp(ip)} ${why}.`)
}

type Linked = { readonly ok: true; readonly nic: Interface; readonly link: InterfaceLink } | Refusal

/** The interface is as it was in the table. A static link has its address from now on. */
export function addLink(
  context: Context,
  nic: Interface,
  wanted: Omit<InterfaceLink, 'id'>,
): Linked {
  const { state } = context
  const { mode, subnetId } = wanted
  const subnet = subnetId === null ? undefined : state.subnets.get(subnetId)
  if (subnetId !== null && subnet === undefined) return notFound('Subnet')
  let ip: Ip | null = null
  if (mode === 'static' && subnet !== undefined) {
    const taken = takeAddress(context, nic, { mode, subnet, ip: wanted.ip })
    if (!taken.ok) return taken
    ip = taken.ip
  }
  return { ok: true, ...putLink(context, nic, { mode, subnetId, ip }) }
}

/** What a deployment needs: every `auto` link has an address, or nothing is done at all (the command is refused). */
export function takeAutoAddresses(context: Context, systemId: SystemId): Refusal | null {
  const { state } = context
  for (const nic of state.interfacesByMachine.rows(systemId)) {
    if (!nic.enabled) continue
    const links: InterfaceLink[] = []
    for (const link of nic.links) {
      const subnet = link.subnetId === null ? undefined : state.subnets.get(link.subnetId)
      if (link.mode !== 'auto' || link.ip !== null || subnet === undefined) {
        links.push(link)
        continue
      }
      const taken = takeAddress(context, nic, { mode: 'auto', subnet, ip: null })
      if (!taken.ok) return taken
      links.push({ ...link, ip: taken.ip })
    }
    if (links.some((link, at) => link !== nic.links[at])) {
      state.interfaces.put(nic.id, { ...nic, links })
    }
  }
  return null
}
