// What a rack would do with a DHCP packet that nobody sent: the rack's own functions on the region's own state. A rack
// may be behind, or cut off; what is told is what it does as soon as it has this revision.
import type { DhcpAnswer, DhcpPlace, DhcpQuestion } from '#model/explain.ts'
import type { SystemId } from '#model/ids.ts'
import { readSnippet } from '#model/dhcp-snippet.ts'
import { firstOf, formatIpv4, type Ipv4, makeIpv4, parseIpv4 } from '#model/ipv4.ts'
import type { Controller } from '#model/machine.ts'
import { type Ipv4Subnet, isIpv4Subnet, racksOf, type Subnet, type Vlan } from '#model/network.ts'
import type { Clock } from '#model/ports.ts'
import { explainPacket } from '#rack/dhcp/explain.ts'
import { hypotheticalPacket } from '#rack/dhcp/hypothetical.ts'
import type { Arrival, DhcpLink } from '#rack/dhcp/locate.ts'
import { ViewIndex } from '#rack/dhcp/view-index.ts'
import { whyNotBound } from '#state/lease.ts'
import { textOf } from '#state/object-query.ts'
import { servingVlanOf, subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { viewOfState } from './state-view.ts'

/** Port of a rack's HTTP boot server; racks on other ports say so to nobody. */
const HTTP_PORT = 5248
const BROADCAST = makeIpv4(0xff_ff_ff_ff)

/** Where the client is said to be; `rackId` asks another rack than the first that is connected. */
export type Whereabouts = {
  readonly vlan: Vlan | undefined
  readonly subnet: Subnet | undefined
  readonly rackId: SystemId | undefined
}

export function explainDhcp(
  state: RegionState,
  where: Whereabouts,
  question: DhcpQuestion,
  clock: Clock,
): DhcpPlace & DhcpAnswer {
  const placed = placeOf(state, where, question)
  const { vlan, serving, giaddr, steps } = placed
  const racks = (serving === undefined ? [] : racksOf(serving)).map((systemId) => {
    const { hostname = '', connected = false } = state.controllers.get(systemId) ?? {}
    return { systemId, hostname, connected }
  })
  const chosen = where.rackId ?? (racks.find(({ connected }) => connected) ?? racks[0])?.systemId
  const shown = vlan === undefined ? null : { id: vlan.id, name: vlan.name }
  const place = { vlan: shown, racks, rackId: chosen ?? null }
  const silent = { answer: 'silence', address: null, boot: null, options: [] } as const
  if (serving === undefined) return { ...place, ...silent, steps }
  const rack = chosen === undefined ? undefined : state.controllers.get(chosen)
  const link = rack === undefined ? undefined : linkOf(rack, serving)
  if (rack === undefined) {
    return { ...place, ...silent, steps: [...steps, 'No rack serves the VLAN.'] }
  }
  steps.push(
    rack.connected
      ? `Rack ${rack.hostname} answers for it.`
      : `Rack ${rack.hostname} is not connected: it answers by its own rights at most.`,
  )
  if (link === undefined) {
    const why = `Rack ${rack.hostname} has no interface with an address on VLAN ${serving.name}.`
    return { ...place, ...silent, steps: [...steps, why] }
  }
  const told = askRack({ state, rack, link, clock }, { ...question, giaddr })
  const ip = told.address?.ip ?? question.ip
  const left = unservedFor(state, { mac: question.mac, ip, subnet: where.subnet })
  return { ...place, ...told, steps: [...steps, ...told.steps, ...left] }
}

/** What snippets say for this client and racks do not serve. */
function unservedFor(
  state: RegionState,
  client: Pick<DhcpQuestion, 'mac' | 'ip'> & { readonly subnet: Subnet | undefined },
): readonly string[] {
  const { mac, ip } = client
  const subnet = ip === null ? client.subnet : subnetOf(state, ip)
  const range = ip === null ? undefined : state.pools.at(ip)?.range
  const node = state.interfacesByMac.first(mac)?.systemId
  return [...state.dhcpSnippets.values()]
    .filter(({ enabled }) => enabled)
    .filter(({ systemId }) => systemId === null || systemId === node)
    .filter(({ subnetId }) => subnetId === null || subnetId === subnet?.id)
    .filter(({ ipRangeId }) => ipRangeId === null || ipRangeId === range?.id)
    .flatMap((snippet) =>
      readSnippet(textOf(snippet)).notServed.map(
        (line) => `Not served of snippet ${snippet.id} (${snippet.name}): ${line}.`,
      ),
    )
}

function askRack(
  at: {
    readonly state: RegionState
    readonly rack: Controller
    readonly link: DhcpLink
    readonly clock: Clock
  },
  question: DhcpQuestion,
): DhcpAnswer {
  const { state, rack, link, clock } = at
  const own = link.addresses[0]?.ip ?? makeIpv4(0)
  const isUnicast = question.giaddr !== null || question.message === 'renewing'
  const arrival: Arrival = {
    ...{ link, receivedAtMs: 0, sourcePort: question.giaddr === null ? 68 : 67 },
    destination: isUnicast ? own : BROADCAST,
  }
  const index = new ViewIndex(viewOfState(state, rack.systemId, clock))
  return explainPacket(hypotheticalPacket(question, own), arrival, {
    ...{ rackId: rack.systemId, index, httpPort: HTTP_PORT },
    ownAddresses: addressesOf(rack).map(({ ip }) => ip),
    judge: (command) => {
      const { ip, leaseSeconds } = command
      const refusal = whyNotBound({ state, now: state.stamp }, command)
      const outcome = refusal ?? { ok: true, value: { ip, leaseSeconds, until: state.stamp } }
      return { ok: true, outcome, revision: state.revision }
    },
  })
}

type Placed = {
  readonly vlan: Vlan | undefined
  /** The VLAN whose racks answer; undefined: none does, and the last step says why. */
  readonly serving: Vlan | undefined
  readonly giaddr: Ipv4 | null
  readonly steps: string[]
}

function placeOf(state: RegionState, where: Whereabouts, { giaddr }: DhcpQuestion): Placed {
  const nowhere = { vlan: undefined, serving: undefined, giaddr }
  const relayed = giaddr === null ? undefined : subnetOf(state, giaddr)
  if (giaddr !== null && relayed === undefined) {
    return { ...nowhere, steps: [`The relay ${formatIpv4(giaddr)} is in no subnet.`] }
  }
  const subnet = relayed ?? where.subnet
  const vlan = subnet === undefined ? where.vlan : state.vlans.get(subnet.vlanId)
  if (vlan === undefined) return { ...nowhere, steps: ['No VLAN is known to be meant.'] }
  const steps = [
    subnet === undefined
      ? `The client is on VLAN ${vlan.name}.`
      : `The client is in subnet ${subnet.name} on VLAN ${vlan.name}.`,
  ]
  const serving = servingVlanOf(state, vlan)
  if (serving?.dhcpOn !== true) {
    return { ...nowhere, vlan, steps: [...steps, `DHCP is off on VLAN ${vlan.name}.`] }
  }
  if (serving.id === vlan.id) return { vlan, serving, giaddr, steps }
  steps.push(`Its relay points to VLAN ${serving.name}, whose racks answer.`)
  const from = ipv4Of(subnet ?? state.subnetsByVlan.first(vlan.id))
  // A relay's address is not known here; any of the subnet stands for it.
  const stands = from === undefined ? null : (from.gatewayIp ?? makeIpv4(firstOf(from.cidr) + 1))
  return { vlan, serving, giaddr: giaddr ?? stands, steps }
}

function ipv4Of(subnet: Subnet | undefined): Ipv4Subnet | undefined {
  return subnet !== undefined && isIpv4Subnet(subnet) ? subnet : undefined
}

function linkOf(rack: Controller, { id: vlanId }: Vlan): DhcpLink | undefined {
  for (const { name, mac, addresses, vlanId: on } of rack.interfaces) {
    const own = addressesOf({ interfaces: [{ name, mac, addresses, vlanId: on }] })
    if (on === vlanId && own.length > 0) {
      return { name, interfaceIndex: 0, mac, addresses: own, vlanId }
    }
  }
  return undefined
}

function addressesOf({ interfaces }: Pick<Controller, 'interfaces'>): DhcpLink['addresses'] {
  return interfaces.flatMap(({ addresses }) =>
    addresses.flatMap((text) => {
      const [host = '', prefix = ''] = text.split('/')
      const ip = parseIpv4(host)
      return ip === undefined ? [] : [{ ip, prefix: Number(prefix) }]
    }),
  )
}
