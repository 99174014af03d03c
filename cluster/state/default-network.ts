// The network configuration that a machine has when nobody made another one (MAAS's, at the end of commissioning): the
// interface it booted from has an `auto` link to the subnet that its DHCP address or its VLAN shows; so has every
// other one that was seen on a subnet of its own; the rest is brought up and no more.
import type { SubnetId, SystemId } from '#model/ids.ts'
import type { Interface, LinkMode } from '#model/machine.ts'
import { isIpv4Subnet, type Subnet } from '#model/network.ts'
import { configOf } from './config-keys.ts'
import type { Context } from './context.ts'
import { clearNetwork } from './interface-removal.ts'
import { ensureLinkUp } from './interface-links.ts'
import { addLink } from './link-addresses.ts'
import { defaultVlanOf, isLive, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

/** Bonds, bridges, VLAN interfaces and all links before go, with their addresses. Of a device only the links. */
export function configureByDefault(context: Context, systemId: SystemId): void {
  const { state } = context
  const all = clearNetwork(context, systemId)
  const machine = state.machines.get(systemId)
  if (machine === undefined) return
  const boot = all.find(({ id }) => id === machine.bootInterfaceId) ?? all[0]
  const ordered = boot === undefined ? [] : [boot, ...all.filter((nic) => nic !== boot)]
  const taken = new Set<SubnetId>()
  for (const nic of ordered.filter(({ enabled }) => enabled)) {
    const subnet = shownSubnet(context, nic, nic === boot)
    if (subnet === undefined || taken.has(subnet.id)) {
      ensureLinkUp(context, nic)
      continue
    }
    taken.add(subnet.id)
    const placed = { ...nic, vlanId: subnet.vlanId }
    const mode = nic === boot ? bootMode(state) : 'auto'
    const subnetId = mode === 'link_up' ? null : subnet.id
    const linked = addLink(context, placed, { mode, subnetId, ip: null })
    // No address is left for a static one: the machine is Ready all the same.
    if (!linked.ok) ensureLinkUp(context, nic)
  }
}

const MODES: readonly LinkMode[] = ['auto', 'static', 'dhcp', 'link_up']

function bootMode(state: RegionState): LinkMode {
  const value = configOf(state, 'default_boot_interface_link_type')
  return MODES.find((mode) => mode === value) ?? 'auto'
}

/**
 * By the newest lease of its MAC, else by its VLAN. The default VLAN is where everything is put of which nothing is
 * known: it shows nothing but of the interface that booted.
 */
function shownSubnet(context: Context, nic: Interface, isBoot: boolean): Subnet | undefined {
  const { state, now } = context
  const leased = nic.mac === null ? undefined : leasedSubnet(state, nic.mac, now)
  if (leased !== undefined) return leased
  const [fabricId] = state.fabrics.keysAfter(undefined, 1)
  const isGuess = fabricId !== undefined && defaultVlanOf(state, fabricId)?.id === nic.vlanId
  if (nic.vlanId === null || (isGuess && !isBoot)) return undefined
  const subnets = state.subnetsByVlan.rows(nic.vlanId).filter(({ managed }) => managed)
  return subnets.find(isIpv4Subnet) ?? subnets[0]
}

function leasedSubnet(
  state: RegionState,
  mac: NonNullable<Interface['mac']>,
  now: number,
): Subnet | undefined {
  const live = state.holdsByMac.rows(mac).filter((hold) => isLive(hold, now))
  const [newest] = live.toSorted((a, b) => b.boundAt - a.boundAt)
  return newest === undefined ? undefined : subnetOf(state, newest.ip)
}
