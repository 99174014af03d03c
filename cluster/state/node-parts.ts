// What machines and devices have in common: hostnames that exist once, MACs that exist once, interfaces.
import type { InterfaceId, SystemId, VlanId } from '#model/ids.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Interface } from '#model/machine.ts'
import type { NewInterface } from './command.ts'
import { invalid, nextId, type Context } from './context.ts'
import type { Refusal } from './outcome.ts'
import { defaultVlanOf, subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

/** One label of RFC 1123 §2.1. */
const HOSTNAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
export const INTERFACES_MAX = 256

export function checkHostname(state: RegionState, hostname: string, own: SystemId): Refusal | null {
  if (!HOSTNAME.test(hostname)) {
    return invalid('hostname', `${hostname.slice(0, 64)} is not a valid hostname.`)
  }
  const lower = hostname.toLowerCase()
  const namesake = state.machinesByHostname.first(lower)
  const taken = `Node with hostname ${hostname} already exists.`
  if (namesake !== undefined && namesake.systemId !== own) return invalid('hostname', taken)
  const device = state.devicesByHostname.first(lower)
  if (device !== undefined && device.systemId !== own) return invalid('hostname', taken)
  for (const controller of state.controllers.values()) {
    if (controller.hostname.toLowerCase() === lower) return invalid('hostname', taken)
  }
  return null
}

/** One at least, each of them new. */
export function checkMacs(state: RegionState, macs: readonly MacAddress[]): Refusal | null {
  if (macs.length === 0) return invalid('mac_addresses', 'One MAC address at least is needed.')
  if (macs.length > INTERFACES_MAX) return invalid('mac_addresses', 'Too many MAC addresses.')
  const seen = new Set<string>()
  for (const mac of macs) {
    const known = state.interfacesByMac.first(mac)
    if (known !== undefined) {
      const owner = state.machines.get(known.systemId) ?? state.devices.get(known.systemId)
      const hostname = owner?.hostname ?? known.systemId
      return invalid('mac_addresses', `MAC address ${mac} already in use on ${hostname}.`)
    }
    if (seen.has(mac)) return invalid('mac_addresses', `MAC address ${mac} is given twice.`)
    seen.add(mac)
  }
  return null
}

export function addInterface(
  context: Context,
  systemId: SystemId,
  nic: NewInterface,
  at: number,
): InterfaceId {
  const { state } = context
  const id = nextId<InterfaceId>(state, 'interfaces')
  const row: Interface = {
    id,
    systemId,
    name: nic.name === '' ? `eth${at}` : nic.name,
    type: 'physical',
    mac: nic.mac,
    vlanId: placeInterface(context, nic),
    enabled: true,
    tags: [],
    vendor: nic.vendor,
    product: nic.product,
    firmwareVersion: null,
    linkConnected: nic.linkConnected,
    linkSpeedMbps: nic.linkSpeedMbps,
    interfaceSpeedMbps: nic.linkSpeedMbps,
    links: [],
  }
  state.interfaces.put(id, row)
  return id
}

/** VLAN of the address it had, of the newest lease of its MAC, else the default one if it has a link. */
export function placeInterface(
  { state, now }: Context,
  nic: Pick<NewInterface, 'mac' | 'ip' | 'linkConnected'>,
): VlanId | null {
  const live = state.holdsByMac.rows(nic.mac).filter((hold) => hold.until > now)
  const holds = live.toSorted((a, b) => b.boundAt - a.boundAt)
  const ip = nic.ip ?? holds[0]?.ip ?? null
  const subnet = ip === null ? undefined : subnetOf(state, ip)
  if (subnet !== undefined) return subnet.vlanId
  if (!nic.linkConnected) return null
  const [fabricId] = state.fabrics.keysAfter(undefined, 1)
  return fabricId === undefined ? null : (defaultVlanOf(state, fabricId)?.id ?? null)
}
