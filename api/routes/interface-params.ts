// What the calls on interfaces take (maas-api §9), and how texts become ids: interfaces by id or name, VLANs and subnets
// by their specifiers.
import {
  BOND_HASH_POLICIES,
  BOND_LACP_RATES,
  BOND_MODES,
  BRIDGE_TYPES,
  type InterfaceParams,
} from '#model/interface.ts'
import type { InterfaceId, SubnetId, SystemId, VlanId } from '#model/ids.ts'
import type { Interface } from '#model/machine.ts'
import { interfacesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { fieldError } from '../errors.ts'
import { choice, flag, integer, list, mac, text, type Values } from '../params.ts'
import { findSubnet, findVlan, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

const MS_MAX = 600_000

export const COMMON = {
  mac_address: mac('MAC address; of a made interface by default that of a parent.'),
  tags: list('Tags of the interface.', { itemMax: 64 }),
  vlan: text('VLAN: id or another specifier; empty for none.'),
  mtu: integer('Maximum transmission unit, bytes.', { min: 552, max: 65_535 }),
  accept_ra: flag('Accept router advertisements (IPv6).'),
}
export const BOND = {
  bond_mode: choice('How its ports are used; default active-backup.', BOND_MODES),
  bond_miimon: integer('Milliseconds between looks at the links.', { min: 0, max: MS_MAX }),
  bond_downdelay: integer('Milliseconds before a link that went counts.', { min: 0, max: MS_MAX }),
  bond_updelay: integer('Milliseconds before a link that came counts.', { min: 0, max: MS_MAX }),
  bond_lacp_rate: choice('How often LACP speaks.', BOND_LACP_RATES),
  bond_xmit_hash_policy: choice('What chooses the port of a packet.', BOND_HASH_POLICIES),
  bond_num_grat_arp: integer('Gratuitous ARPs after a failover.', { min: 0, max: 255 }),
}
export const BRIDGE = {
  bridge_type: choice('Of the kernel, or Open vSwitch.', BRIDGE_TYPES),
  bridge_stp: flag('Spanning tree.'),
  bridge_fd: integer('Forward delay, seconds.', { min: 0, max: 60 }),
}
export const SPEEDS = {
  link_connected: flag('Whether a cable is in.'),
  interface_speed: integer('Mbit/s that it can do.', { min: 0, max: 10_000_000 }),
  link_speed: integer('Mbit/s that it does.', { min: 0, max: 10_000_000 }),
}
type Tuning = Values<typeof COMMON> & Values<typeof BOND> & Values<typeof BRIDGE>

/** Only what was given. */
export function paramsOf(values: Partial<Tuning>): InterfaceParams {
  return present({
    mtu: values.mtu,
    acceptRa: values.accept_ra,
    bondMode: values.bond_mode,
    bondMiimon: values.bond_miimon,
    bondDowndelay: values.bond_downdelay,
    bondUpdelay: values.bond_updelay,
    bondLacpRate: values.bond_lacp_rate,
    bondXmitHashPolicy: values.bond_xmit_hash_policy,
    bondNumGratArp: values.bond_num_grat_arp,
    bridgeType: values.bridge_type,
    bridgeStp: values.bridge_stp,
    bridgeFd: values.bridge_fd,
  })
}

/** Null for the empty text: no VLAN. */
export function vlanIdOf(state: RegionState, given: string | undefined): VlanId | null | undefined {
  if (given === undefined) return undefined
  if (given.trim() === '') return null
  const vlan = findVlan(state, given)
  if (vlan === null) throw fieldError('vlan', `There is no VLAN ${given}.`)
  return vlan.id
}

export function subnetIdOf(state: RegionState, given: string | undefined): SubnetId | null {
  if (given === undefined || given.trim() === '') return null
  const subnet = findSubnet(state, given)
  if (subnet === null) throw fieldError('subnet', `There is no subnet ${given}.`)
  return subnet.id
}

/** By id, else by name. */
export function interfaceNamed(
  state: RegionState,
  systemId: SystemId,
  given: string,
): Interface | undefined {
  const id = parseId(given)
  const byId = id === null ? undefined : state.interfaces.get(id as InterfaceId)
  if (byId?.systemId === systemId) return byId
  return interfacesOf(state, systemId).find(({ name }) => name === given)
}

export function parentIds(
  state: RegionState,
  systemId: SystemId,
  field: { readonly name: 'parent' | 'parents'; readonly given: readonly string[] },
): readonly InterfaceId[] {
  return field.given.map((each) => {
    const nic = interfaceNamed(state, systemId, each.trim())
    if (nic === undefined) throw fieldError(field.name, `There is no interface ${each} here.`)
    return nic.id
  })
}
