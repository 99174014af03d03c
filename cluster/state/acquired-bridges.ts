// Bridges for the time of one owner (`bridge_all` of allocate and deploy): one over every interface that is configured,
// with its links and their addresses, so that virtual machines can be put on the same networks. Back in the pool the
// links are those of the interfaces again, as they were: their ids stay, and with them the chosen default gateways.
import type { InterfaceId, SystemId } from '#model/ids.ts'
import type { Interface, InterfaceLink } from '#model/machine.ts'
import type { BridgeOptions } from '#model/machine-work.ts'
import { nextId, type Context } from './context.ts'
import { dropLinks } from './interface-links.ts'
import { childrenIn, parentsOf } from './interface-query.ts'
import { dropInterface } from './interface-removal.ts'
import { checkInterface, NAME_LENGTH_MAX } from './interface-rules.ts'
import type { Refusal } from './outcome.ts'

/** In the order of the interfaces. Bridges of an earlier call give way. VALIDATION when there would be too many. */
export function acquireBridges(
  context: Context,
  systemId: SystemId,
  options: BridgeOptions,
): Refusal | null {
  releaseBridges(context, systemId)
  const { state } = context
  const all = state.interfacesByMachine.rows(systemId)
  for (const nic of all.toSorted((a, b) => a.id - b.id)) {
    if (!isConfigured(nic, all)) continue
    const bridge = bridgeOver(context, nic, options)
    state.interfaces.put(bridge.id, bridge)
    const refusal = checkInterface(context, bridge)
    if (refusal !== null) return refusal
    state.interfaces.put(nic.id, { ...nic, links: [] })
    moveLinks(context, nic.links, bridge)
  }
  return null
}

/** It has more than a cable, and is neither a bridge nor a port. */
function isConfigured(nic: Interface, all: readonly Interface[]): boolean {
  const isPort = childrenIn(all, nic.id).some(({ type }) => type !== 'vlan')
  const isLinked = nic.links.some(({ mode }) => mode !== 'link_up')
  return nic.enabled && nic.type !== 'bridge' && isLinked && !isPort
}

function bridgeOver(
  { state }: Context,
  nic: Interface,
  { bridgeType, bridgeStp, bridgeFd }: BridgeOptions,
): Interface {
  const { systemId, mac, vlanId } = nic
  const { mtu, acceptRa } = nic.params ?? {}
  return {
    id: nextId<InterfaceId>(state, 'interfaces'),
    ...{ systemId, name: freeName(state.interfacesByMachine.rows(systemId), nic), type: 'bridge' },
    ...{ mac, vlanId, enabled: true, tags: [], vendor: null, product: null },
    ...{ firmwareVersion: null, linkConnected: true, linkSpeedMbps: 0, interfaceSpeedMbps: 0 },
    ...{ links: [], parents: [nic.id], acquired: true },
    params: {
      ...{ bridgeType, bridgeStp, bridgeFd },
      ...(mtu === undefined ? {} : { mtu }),
      ...(acceptRa === undefined ? {} : { acceptRa }),
    },
  }
}

/** `br-eth0`; where somebody has that, or it is too long to tell two apart, with a number at its end. */
function freeName(all: readonly Interface[], { name }: Interface): string {
  const taken = new Set(all.map((each) => each.name))
  const whole = `br-${name}`.slice(0, NAME_LENGTH_MAX)
  for (let number = 1, tried = whole; ; number++) {
    if (!taken.has(tried)) return tried
    const end = `-${number}`
    tried = `${whole.slice(0, NAME_LENGTH_MAX - end.length)}${end}`
  }
}

/** Their addresses are `to`'s from now on. */
function moveLinks({ state }: Context, links: readonly InterfaceLink[], to: Interface): void {
  state.interfaces.put(to.id, { ...to, links })
  for (const { ip } of links) {
    const row = ip === null ? undefined : state.ipAddresses.get(ip)
    if (ip !== null && row !== undefined) state.ipAddresses.put(ip, { ...row, interfaceId: to.id })
  }
}

/** With what its owner made of them. A link that the interface's VLAN has not any more goes. */
export function releaseBridges(context: Context, systemId: SystemId): void {
  const { state } = context
  for (const row of state.interfacesByMachine.rows(systemId)) {
    const bridge = row.acquired === true ? state.interfaces.get(row.id) : undefined
    if (bridge === undefined) continue
    const [parentId] = parentsOf(bridge)
    const parent = parentId === undefined ? undefined : state.interfaces.get(parentId)
    if (parent !== undefined && parent.vlanId === bridge.vlanId) {
      state.interfaces.put(bridge.id, { ...bridge, links: [] })
      moveLinks(context, bridge.links, parent)
    } else dropLinks(context, bridge)
    dropInterface(context, state.interfaces.get(bridge.id) ?? bridge)
  }
}
