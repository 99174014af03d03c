// Links of interfaces, and how they go. An address that a link has is a row of `ipAddresses` that names the interface,
// given through the one door like every other (`link-addresses.ts`); it goes when its link goes.
import type { SystemId } from '#model/ids.ts'
import type { Ip } from '#model/ip.ts'
import type { Interface, InterfaceLink } from '#model/machine.ts'
import type { Subnet } from '#model/network.ts'
import { nextId, type Context } from './context.ts'
import type { RegionState } from './state.ts'

/** Writes the link; a `static` one comes with the address that was taken for it. */
export function putLink(
  { state }: Context,
  nic: Interface,
  link: Omit<InterfaceLink, 'id'>,
): { readonly nic: Interface; readonly link: InterfaceLink } {
  const made: InterfaceLink = { id: nextId<number>(state, 'links'), ...link }
  const next = { ...nic, links: [...nic.links, made] }
  state.interfaces.put(nic.id, next)
  return { nic: next, link: made }
}

/** Those that `isDropped` names, all by default, with their addresses and what they were the gateway of. */
export function dropLinks(
  { state }: Context,
  nic: Interface,
  isDropped: (link: InterfaceLink) => boolean = () => true,
): Interface {
  const dropped = nic.links.filter((link) => isDropped(link))
  if (dropped.length === 0) return nic
  for (const { ip } of dropped) freeAddress(state, nic, ip)
  forgetGateways(state, nic.systemId, new Set(dropped.map(({ id }) => id)))
  const next = { ...nic, links: nic.links.filter((link) => !dropped.includes(link)) }
  state.interfaces.put(nic.id, next)
  return next
}

/** What MAAS does with an interface that is on no subnet: it is brought up and no more. */
export function ensureLinkUp(context: Context, nic: Interface): Interface {
  if (nic.links.length > 0 || !nic.enabled) return nic
  return putLink(context, nic, { mode: 'link_up', subnetId: null, ip: null }).nic
}

function freeAddress(state: RegionState, { id }: Interface, ip: Ip | null): void {
  if (ip !== null && state.ipAddresses.get(ip)?.interfaceId === id) state.ipAddresses.delete(ip)
}

function forgetGateways(state: RegionState, systemId: SystemId, ids: ReadonlySet<number>): void {
  const machine = state.machines.get(systemId)
  const chosen = machine?.gatewayLinks
  if (machine === undefined || chosen === undefined) return
  const kept = (id: number | null): number | null => (id !== null && ids.has(id) ? null : id)
  const gatewayLinks = { ipv4: kept(chosen.ipv4), ipv6: kept(chosen.ipv6) }
  if (gatewayLinks.ipv4 === chosen.ipv4 && gatewayLinks.ipv6 === chosen.ipv6) return
  state.machines.put(systemId, { ...machine, gatewayLinks })
}

/** The machine is back in the pool; the links stay for the next deployment. */
export function freeAutoAddresses({ state }: Context, systemId: SystemId): void {
  for (const nic of state.interfacesByMachine.rows(systemId)) {
    if (!nic.links.some(({ mode, ip }) => mode === 'auto' && ip !== null)) continue
    const links = nic.links.map((link) => {
      if (link.mode !== 'auto' || link.ip === null) return link
      freeAddress(state, nic, link.ip)
      return { ...link, ip: null }
    })
    state.interfaces.put(nic.id, { ...nic, links })
  }
}

/** The addresses of its links say whose they are by the MAC, also to DNS. */
export function renameAddresses({ state }: Context, { id, mac, links }: Interface): void {
  for (const { ip } of links) {
    const row = ip === null ? undefined : state.ipAddresses.get(ip)
    if (ip !== null && row?.interfaceId === id) state.ipAddresses.put(ip, { ...row, mac })
  }
}

/** A node that goes: its interfaces and all that is theirs. */
export function dropInterfaces({ state }: Context, systemId: SystemId): void {
  for (const nic of state.interfacesByMachine.rows(systemId)) {
    for (const { ip } of nic.links) freeAddress(state, nic, ip)
    state.interfaces.delete(nic.id)
  }
}

/** A subnet that goes takes the links to it along. */
export function dropLinksTo(context: Context, { id }: Subnet): void {
  const onIt = [...context.state.interfaces.values()].filter(({ links }) =>
    links.some(({ subnetId }) => subnetId === id),
  )
  for (const nic of onIt) {
    ensureLinkUp(
      context,
      dropLinks(context, nic, ({ subnetId }) => subnetId === id),
    )
  }
}
