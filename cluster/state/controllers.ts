// Region and rack controllers. A rack that registers brings its networks with it: subnets nobody knows yet
// are made, as MAAS does, so that a fresh cluster needs no hand-made topology.
import type { SystemId, VlanId } from '#model/ids.ts'
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { isIpv4, isIpv4Cidr, parseIp, parseIpCidr, type Ip, type IpCidr } from '#model/ip.ts'
import { isLinkLocal } from '#model/ipv6.ts'
import { OTHER_ADDRESSES_MAX, type Controller, type ControllerInterface } from '#model/machine.ts'
import type { ReportedInterface } from './command.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { checkDomainOfNode } from './domains.ts'
import { addEvent } from './events.ts'
import { addFabric } from './fabrics.ts'
import { dropSnippets } from './object-rules.ts'
import { objectOf } from './object-query.ts'
import { defaultVlanOf } from './query.ts'
import { cidrKey, type RegionState } from './state.ts'
import { addSubnet } from './subnets.ts'

/** Interfaces and addresses of a rack beyond these are refused. */
const INTERFACES_MAX = 1024
const ADDRESSES_MAX = 64

export const registerRegion: Handler<'region.register'> = (context, command) => {
  const { state, now, wall } = context
  const { systemId, hostname, version, apiUrl, peerAddress, incarnation } = command
  const known = state.controllers.get(systemId)
  const refusal = checkIdentity(state, command, 'region')
  if (refusal !== null) return refusal
  state.controllers.put(systemId, {
    systemId,
    kind: 'region',
    hostname,
    description: known?.description ?? '',
    version,
    architecture: known?.architecture ?? '',
    cpuCount: known?.cpuCount ?? 0,
    memoryMib: known?.memoryMib ?? 0,
    interfaces: known?.interfaces ?? [],
    apiUrl,
    peerAddress,
    incarnation,
    lastBeatAt: now,
    connected: true,
    ...placeOf(known),
    createdWall: known?.createdWall ?? wall,
    updatedWall: wall,
  })
  return DONE
}

export const registerRack: Handler<'rack.register'> = (context, command) => {
  const { state, now, wall } = context
  const { systemId, hostname, version, architecture, cpuCount, memoryMib, incarnation } = command
  const known = state.controllers.get(systemId)
  const refusal = checkIdentity(state, command, 'rack')
  if (refusal !== null) return refusal
  const others = state.featureLevel >= NETWORK_LEVEL ? (command.otherAddresses ?? []) : []
  if (
    command.interfaces.length > INTERFACES_MAX ||
    others.length > OTHER_ADDRESSES_MAX ||
    command.interfaces.some(({ addresses }) => addresses.length > ADDRESSES_MAX)
  ) {
    return refuse('RACK_REFUSED', 'The rack has more interfaces or addresses than can be kept.')
  }
  const interfaces = command.interfaces.map((reported) => placed(state, reported, known))
  if (known === undefined) {
    announce(context, systemId, 'Rack controller registered', hostname)
  }
  state.controllers.put(systemId, {
    systemId,
    kind: 'rack',
    hostname,
    description: known?.description ?? '',
    version,
    architecture,
    cpuCount,
    memoryMib,
    interfaces,
    ...(others.length === 0 ? {} : { otherAddresses: others }),
    apiUrl: null,
    peerAddress: null,
    incarnation,
    lastBeatAt: now,
    connected: true,
    ...placeOf(known),
    createdWall: known?.createdWall ?? wall,
    updatedWall: wall,
  })
  return DONE
}

/** What an operator gave it outlives a new start. */
function placeOf(
  known: Controller | undefined,
): Pick<Controller, 'zoneId' | 'tagNames' | 'domainId'> {
  return {
    ...(known?.domainId === undefined ? {} : { domainId: known.domainId }),
    ...(known?.zoneId === undefined ? {} : { zoneId: known.zoneId }),
    ...(known?.tagNames === undefined ? {} : { tagNames: known.tagNames }),
  }
}

/** Racks that were deleted meanwhile are passed over. */
export const beatRacks: Handler<'rack.beat'> = ({ state, now }, { racks }) => {
  for (const id of racks) {
    const rack = state.controllers.get(id)
    if (rack?.kind === 'rack') {
      state.controllers.put(id, { ...rack, lastBeatAt: now, connected: true })
    }
  }
  return DONE
}

export const loseRack: Handler<'rack.lost'> = (context, { systemId, lastBeatAt }) => {
  const { state } = context
  const rack = state.controllers.get(systemId)
  if (rack?.kind !== 'rack') return notFound('RackController')
  if (rack.lastBeatAt !== lastBeatAt) {
    return refuse('CONFLICT', `Rack ${rack.hostname} was heard of in between.`)
  }
  if (!rack.connected) return DONE
  state.controllers.put(systemId, { ...rack, connected: false })
  announce(context, systemId, 'Rack controller lost', rack.hostname)
  return DONE
}

export const updateController: Handler<'controller.update'> = ({ state }, { systemId, set }) => {
  const controller = state.controllers.get(systemId)
  if (controller === undefined) return notFound('Controller')
  if (set.zoneId !== undefined && objectOf(state, 'zones', set.zoneId) === undefined) {
    return notFound('Zone')
  }
  const refusal = checkDomainOfNode(state, set.domainId)
  if (refusal !== null) return refusal
  state.controllers.put(systemId, { ...controller, ...set, systemId })
  return DONE
}

export const deleteRack: Handler<'rack.delete'> = (context, { systemId }) => {
  const { state } = context
  const rack = state.controllers.get(systemId)
  if (rack?.kind !== 'rack') return notFound('RackController')
  for (const vlan of state.vlans.values()) {
    if (vlan.primaryRack === systemId) {
      const where = `VLAN ${vlan.name} of ${state.fabrics.get(vlan.fabricId)?.name ?? ''}`
      return refuse('VALIDATION', `Rack ${rack.hostname} is the primary rack of ${where}.`)
    }
  }
  const seconded = [...state.vlans.values()].filter((vlan) => vlan.secondaryRack === systemId)
  for (const vlan of seconded) state.vlans.put(vlan.id, { ...vlan, secondaryRack: null })
  dropSnippets(state, (row) => row.systemId === systemId)
  const further = [...state.vlans.values()].filter((vlan) => vlan.furtherRacks?.includes(systemId))
  for (const vlan of further) {
    const furtherRacks = (vlan.furtherRacks ?? []).filter((id) => id !== systemId)
    state.vlans.put(vlan.id, { ...vlan, furtherRacks })
  }
  announce(context, systemId, 'Rack controller deleted', rack.hostname)
  state.controllers.delete(systemId)
  return DONE
}

function checkIdentity(
  state: RegionState,
  { systemId, incarnation }: { readonly systemId: SystemId; readonly incarnation: number },
  kind: Controller['kind'],
) {
  const known = state.controllers.get(systemId)
  const isOther = state.machines.has(systemId) || state.devices.has(systemId)
  if (isOther || (known !== undefined && known.kind !== kind)) {
    return refuse('CONFLICT', `The system id ${systemId} is in use.`)
  }
  if (known !== undefined && known.incarnation > incarnation) {
    return refuse('RACK_REFUSED', `A newer start of ${known.hostname} has registered already.`)
  }
  return null
}

function announce(context: Context, systemId: SystemId, type: string, description: string): void {
  const level = type.endsWith('lost') ? 'WARNING' : 'INFO'
  addEvent(context, { systemId, username: '', level, type, description })
}

/** The interface with its VLAN; makes the subnets it is on and the VLAN they need. */
function placed(
  state: RegionState,
  { name, mac, addresses }: ReportedInterface,
  known: Controller | undefined,
): ControllerInterface {
  const cidrs = addresses
    .flatMap((text) => networkOf(text) ?? [])
    .filter((cidr) => isIpv4Cidr(cidr) || state.featureLevel >= NETWORK_LEVEL)
  const subnets = cidrs.map((cidr) => state.subnetsByCidr.first(cidrKey(cidr)))
  const before = known?.interfaces.find((old) => old.name === name && old.mac === mac)?.vlanId
  let vlanId: VlanId | null = subnets.find((subnet) => subnet !== undefined)?.vlanId ?? null
  if (vlanId === null && before !== undefined && before !== null && state.vlans.has(before)) {
    vlanId = before
  }
  for (const [at, cidr] of cidrs.entries()) {
    // The same network twice on one interface: the first turn made it.
    if (subnets[at] !== undefined || state.subnetsByCidr.has(cidrKey(cidr))) continue
    vlanId ??= unusedVlan(state)
    addSubnet(state, discoveredSubnet(cidr, vlanId))
  }
  return { name, mac, addresses, vlanId }
}

/** The network of an interface address; undefined for those that name no network of machines. */
function networkOf(text: string): IpCidr | undefined {
  const ip = parseIp(text.split('/')[0] ?? '')
  const cidr = parseIpCidr(text)
  if (ip === undefined || cidr === undefined) return undefined
  const prefixMax = isIpv4(ip) ? 31 : 127
  if (cidr.prefix < 1 || cidr.prefix > prefixMax || isOfHost(ip)) return undefined
  return cidr
}

/** Loopback and link-local ones. IPv6's loopback has a prefix of 128 and is no network anyway. */
function isOfHost(ip: Ip): boolean {
  if (!isIpv4(ip)) return isLinkLocal(ip)
  return ip >>> 24 === 127 || ip >>> 16 === 0xa9fe
}

/** The default fabric's VLAN for the first network, a fabric of its own for every further one. */
function unusedVlan(state: RegionState): VlanId {
  const [first] = state.fabrics.keysAfter(undefined, 1)
  const vlan = first === undefined ? undefined : defaultVlanOf(state, first)
  if (vlan !== undefined && state.subnetsByVlan.count(vlan.id) === 0) return vlan.id
  const fabric = addFabric(state, { name: '', description: '', classType: null })
  const own = defaultVlanOf(state, fabric.id)
  if (own === undefined) throw new Error('a fabric was made without its default VLAN')
  return own.id
}

function discoveredSubnet(cidr: IpCidr, vlanId: VlanId) {
  return {
    name: '',
    description: '',
    vlanId,
    cidr,
    gatewayIp: null,
    dnsServers: [],
    rdnsMode: 2,
    activeDiscovery: false,
    allowDns: true,
    allowProxy: true,
    managed: true,
    disabledBootArchitectures: [],
  }
}
