// A machine with two network cards in a room of two fabrics' worth of VLANs: what tests of interfaces begin with.
import type { InterfaceId, SubnetId, SystemId, VlanId } from '#model/ids.ts'
import type { Interface } from '#model/machine.ts'
import type { CommandOf } from '#state/command.ts'
import { addMachine, makeRoom } from '#test/support/life-cycle.ts'
import { ADMIN, anyIp, mac, newMachine, newSubnet, type Lab } from '#test/support/region-state.ts'

/** Of `makeRoom`: subnet 1 is 10.0.0.0/24 on VLAN 5001, untagged, with DHCP and here with the gateway 10.0.0.1. */
export const UNTAGGED = 5001 as VlanId
/** VID 20. */
export const TAGGED = 5002 as VlanId
export const SUBNET = 1 as SubnetId
/** 10.2.0.0/29 on the tagged VLAN, gateway 10.2.0.1: five addresses to give. */
export const SMALL = 2 as SubnetId
/** 2001:db8:2::/64 there. */
export const SIX = 3 as SubnetId

export function makeNetworkLab(): Lab {
  const lab = makeRoom()
  lab.ok({ type: 'subnet.update', id: SUBNET, set: { gatewayIp: anyIp('10.0.0.1') } })
  lab.ok({
    ...{ type: 'vlan.create', fabricId: 0 as never, name: '', vid: 20, mtu: 1500 },
    ...{ description: '', spaceId: null },
  })
  lab.ok({ ...newSubnet('10.2.0.0/29', TAGGED), gatewayIp: anyIp('10.2.0.1') })
  lab.ok({ ...newSubnet('2001:db8:2::/64', TAGGED), gatewayIp: anyIp('fe80::1') })
  return lab
}

/** With `eth0` and `eth1`, MACs `100 n` and `100 n + 1`, both on the untagged VLAN. */
export function addTwoCards(lab: Lab, n: number): SystemId {
  const [card] = newMachine(n).interfaces
  if (card === undefined) throw new Error('no card')
  const cards = [0, 1].map((at) => ({ ...card, name: `eth${at}`, mac: mac(100 * n + at) }))
  return addMachine(lab, n, { interfaces: cards })
}

export function nicOf(lab: Lab, systemId: SystemId, name: string): Interface {
  const found = lab.state.interfacesByMachine.rows(systemId).find((nic) => nic.name === name)
  if (found === undefined) throw new Error(`no interface ${name}`)
  return found
}

export function make(
  lab: Lab,
  systemId: SystemId,
  made: Partial<CommandOf<'interface.create'>>,
): InterfaceId {
  lab.actor = ADMIN
  return lab.ok({
    ...{ type: 'interface.create', systemId, kind: 'physical', name: '', mac: null },
    ...{ parents: [], tags: [], params: {} },
    ...made,
  }).id
}

export function link(
  of: Pick<Interface, 'systemId' | 'id'>,
  change: Partial<CommandOf<'interface.link'>> = {},
): CommandOf<'interface.link'> {
  const { systemId, id } = of
  return {
    ...{ type: 'interface.link', systemId, id, mode: 'static', subnetId: SUBNET, ip: null },
    ...{ force: false, defaultGateway: false },
    ...change,
  }
}
