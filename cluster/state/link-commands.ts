// Commands on the links of an interface, and on the default gateways that they lead to (maas-api §9, §10.3).
import { formatIp } from '#model/ip.ts'
import type { GatewayLinks, Interface, InterfaceLink } from '#model/machine.ts'
import type { Subnet } from '#model/network.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, notFound, refuse, type Context, type Handler } from './context.ts'
import { interfaceToConfigure, whyNotConfigured } from './interface-access.ts'
import { dropLinks, ensureLinkUp } from './interface-links.ts'
import { childrenOf, gatewayFamily, gatewaysOf, type Gateway } from './interface-query.ts'
import { INTERFACE_LINKS_MAX } from './limits.ts'
import { addLink } from './link-addresses.ts'
import type { Refusal } from './outcome.ts'

export const linkInterface: Handler<'interface.link'> = (context, command) => {
  const { state } = context
  const { mode, subnetId, ip } = command
  const found = interfaceToConfigure(context, command, 'link subnet')
  if (!found.ok) return found
  const subnet = subnetId === null ? undefined : state.subnets.get(subnetId)
  if (subnetId !== null && subnet === undefined) return notFound('Subnet')
  const kept = command.force ? dropLinks(context, found.nic) : found.nic
  const refusal = whyNoLink(context, kept, { command, subnet })
  if (refusal !== null) return refusal
  // Being brought up is part of every other link.
  const nic = dropLinks(context, kept, (link) => link.mode === 'link_up')
  const linked = addLink(context, nic, { mode, subnetId, ip })
  if (!linked.ok || !command.defaultGateway) return linked.ok ? DONE : linked
  const gateway = gatewaysOf(state, linked.nic).find(({ link }) => link.id === linked.link.id)
  if (gateway === undefined) return noGateway('default_gateway', subnet)
  return chooseGateway(context, gateway)
}

type Asked = {
  readonly command: CommandOf<'interface.link'>
  readonly subnet: Subnet | undefined
}

function whyNoLink(context: Context, nic: Interface, asked: Asked): Refusal | null {
  const { state } = context
  const { mode, ip, defaultGateway, systemId } = asked.command
  const master = childrenOf(state, nic).find(({ type }) => type === 'bond' || type === 'bridge')
  if (master !== undefined) {
    const text = `Cannot link ${nic.name}: it is in the ${master.type} ${master.name}.`
    return invalid('__all__', text)
  }
  if (nic.links.length >= INTERFACE_LINKS_MAX) {
    return invalid('__all__', `An interface has at most ${INTERFACE_LINKS_MAX} links.`)
  }
  if (mode === 'auto' && !state.machines.has(systemId)) {
    return invalid('mode', 'Only machines are deployed and get addresses then.')
  }
  if (ip !== null && mode !== 'static') {
    return invalid('ip_address', `Cannot use in mode '${mode}'.`)
  }
  if (defaultGateway && mode !== 'static' && mode !== 'auto') {
    return invalid('default_gateway', `Cannot use in mode '${mode}'.`)
  }
  return whyNotSubnet(nic, asked) ?? whyNotBeside(nic, asked)
}

function whyNotSubnet(nic: Interface, { command, subnet }: Asked): Refusal | null {
  const { mode, ip } = command
  if (subnet === undefined) {
    const needsSubnet = mode === 'auto' || mode === 'static'
    return needsSubnet ? invalid('subnet', 'This field is required.') : null
  }
  if (nic.vlanId === null) return invalid('subnet', `${nic.name} is on no VLAN.`)
  if (subnet.vlanId !== nic.vlanId) {
    const text = `Subnet ${subnet.name} is not on the VLAN of ${nic.name}.`
    return invalid('subnet', ip === null ? text : `${text} ${formatIp(ip)} is not for it.`)
  }
  return null
}

/** What there is already. */
function whyNotBeside(nic: Interface, { command, subnet }: Asked): Refusal | null {
  const { mode } = command
  const others = nic.links.filter((link) => link.mode !== 'link_up')
  if (mode === 'link_up' && others.length > 0) {
    const text = 'Cannot configure interface to link up while other links are configured;'
    return invalid('mode', `${text} force=true drops them.`)
  }
  const subnetId = subnet?.id ?? null
  const isSame = (link: InterfaceLink): boolean =>
    link.mode === 'dhcp' && (link.subnetId === subnetId || subnetId === null)
  if (mode !== 'dhcp' || !others.some(isSame)) return null
  const from = subnet === undefined ? '' : ` from '${subnet.name}'`
  return invalid('mode', `Interface is already set to DHCP${from}.`)
}

export const unlinkInterface: Handler<'interface.unlink'> = (context, command) => {
  const found = interfaceToConfigure(context, command, 'unlink subnet')
  if (!found.ok) return found
  const { nic } = found
  if (!nic.links.some(({ id }) => id === command.linkId)) {
    return invalid('id', 'There is no such link on this interface.')
  }
  ensureLinkUp(
    context,
    dropLinks(context, nic, ({ id }) => id === command.linkId),
  )
  return DONE
}

export const disconnectInterface: Handler<'interface.disconnect'> = (context, command) => {
  const { state } = context
  const found = interfaceToConfigure(context, command, 'disconnect')
  if (!found.ok) return found
  if (found.nic.type === 'vlan') {
    return invalid('vlan', 'A VLAN interface can only belong to a tagged VLAN.')
  }
  const nic = dropLinks(context, found.nic)
  state.interfaces.put(nic.id, { ...nic, vlanId: null })
  return DONE
}

export const setGateway: Handler<'interface.setGateway'> = (context, command) => {
  const { state } = context
  const { linkId } = command
  const found = interfaceToConfigure(context, command, 'set default gateway')
  if (!found.ok) return found
  if (linkId !== null && !found.nic.links.some(({ id }) => id === linkId)) {
    return invalid('link_id', 'There is no such link on this interface.')
  }
  const usable = gatewaysOf(state, found.nic)
  const wanted = usable.filter(({ link }) => linkId === null || link.id === linkId)
  if (wanted.length === 0) {
    return linkId === null
      ? refuse('VALIDATION', 'This interface has no usable gateways.')
      : noGateway('link_id', undefined)
  }
  const families = new Set(wanted.map(gatewayFamily))
  if (families.size < wanted.length) {
    const text = 'This interface has more than one usable gateway. Please specify the link_id.'
    return refuse('VALIDATION', text)
  }
  for (const gateway of wanted) {
    const refusal = chooseGateway(context, gateway)
    if (!refusal.ok) return refusal
  }
  return DONE
}

function noGateway(field: string, subnet: Subnet | undefined): Refusal {
  const which = subnet === undefined ? 'The subnet of the link' : `Subnet ${subnet.name}`
  return invalid(field, `${which} has no gateway.`)
}

function chooseGateway({ state, wall }: Context, gateway: Gateway): typeof DONE | Refusal {
  const { nic, link } = gateway
  const machine = state.machines.get(nic.systemId)
  // A device is not configured by us: there is nobody to tell.
  if (machine === undefined) return invalid('__all__', 'A device has no default gateways.')
  const before: GatewayLinks = machine.gatewayLinks ?? { ipv4: null, ipv6: null }
  const gatewayLinks = { ...before, [gatewayFamily(gateway)]: link.id }
  state.machines.put(nic.systemId, { ...machine, gatewayLinks, updatedWall: wall })
  return DONE
}

export const clearGateways: Handler<'interface.clearGateways'> = (context, { systemId }) => {
  const { state, wall } = context
  const refusal = whyNotConfigured(context, systemId, 'set default gateway')
  if (refusal !== null) return refusal
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  const { gatewayLinks: _chosen, ...rest } = machine
  state.machines.put(systemId, { ...rest, updatedWall: wall })
  return DONE
}
