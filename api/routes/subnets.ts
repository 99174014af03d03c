// subnets/ with what uses their addresses (maas-api §8.1, §9, §10.3).
import type { SubnetId, VlanId } from '#model/ids.ts'
import { formatIpv4, parseCidr, parseIpv4, type Cidr, type Ipv4Range } from '#model/ipv4.ts'
import { ALLOC_TYPE, type Subnet } from '#model/network.ts'
import type { CommandOf } from '#state/command.ts'
import { defaultVlanOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { subnetStatistics, unusedRanges, usedRanges } from '#state/subnet-usage.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { isoTime } from '../render/names.ts'
import { allocTypeName, renderSubnet } from '../render/network.ts'
import { create, operation, read, remove, update, type Resource } from '../resource.ts'
import { findFabric, findSubnet, findVlan, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

const DNS_SERVERS_MAX = 16

function subnetOf(state: RegionState, call: Call): Subnet {
  const subnet = findSubnet(state, call.param('id'))
  if (subnet === null) throw notFound('Subnet')
  return subnet
}

function renderSubnetOf(state: RegionState, id: SubnetId) {
  const subnet = state.subnets.get(id)
  return subnet === undefined ? { id } : renderSubnet(state, subnet)
}

async function createSubnet(call: Call) {
  const state = await call.state()
  const form = new Form(call.input)
  form.require('cidr')
  const set = subnetSet(form)
  const vlanId = vlanField(form, state) ?? defaultVlan(state)
  form.check()
  const { cidr } = set
  // `require` reported it otherwise.
  if (cidr === undefined) throw notFound('Subnet')
  const { id } = await call.propose({
    type: 'subnet.create',
    ...DEFAULTS,
    ...set,
    cidr,
    vlanId,
  })
  return json(renderSubnetOf(call.after(), id))
}

const DEFAULTS = {
  name: '',
  description: '',
  gatewayIp: null,
  dnsServers: [],
  rdnsMode: 2,
  activeDiscovery: false,
  allowDns: true,
  allowProxy: true,
  managed: true,
  disabledBootArchitectures: [],
}

async function updateSubnet(call: Call) {
  const state = await call.state()
  const { id } = subnetOf(state, call)
  const form = new Form(call.input)
  const vlanId = vlanField(form, state)
  const set = { ...subnetSet(form), ...present({ vlanId }) }
  form.check()
  await call.propose({ type: 'subnet.update', id, set })
  return json(renderSubnetOf(call.after(), id))
}

function subnetSet(form: Form): Omit<CommandOf<'subnet.update'>['set'], 'vlanId'> {
  return present({
    cidr: cidrField(form),
    name: form.text('name'),
    description: form.text('description', { max: 4_096 }),
    gatewayIp: form.ipv4('gateway_ip'),
    dnsServers: dnsServersField(form),
    rdnsMode: form.integer('rdns_mode', { min: 0, max: 2 }),
    activeDiscovery: form.flag('active_discovery'),
    allowDns: form.flag('allow_dns'),
    allowProxy: form.flag('allow_proxy'),
    managed: form.flag('managed'),
    disabledBootArchitectures: architecturesField(form),
  })
}

function cidrField(form: Form): Cidr | undefined {
  const text = form.input.text('cidr')
  if (text === undefined || text === '') return undefined
  return parseCidr(text) ?? form.report('cidr', `'${text.slice(0, 64)}' is not an IPv4 network.`)
}

/** Comma or space separated. */
function dnsServersField(form: Form): readonly string[] | undefined {
  if (!form.input.has('dns_servers')) return undefined
  const servers = form.input.list('dns_servers').flatMap((text) => text.split(/\s+/))
  const wrong = servers.find((server) => parseIpv4(server) === undefined)
  if (wrong !== undefined) {
    return form.report('dns_servers', `'${wrong.slice(0, 64)}' is not an IPv4 address.`)
  }
  if (servers.length <= DNS_SERVERS_MAX) return servers
  return form.report('dns_servers', `A subnet has ${DNS_SERVERS_MAX} DNS servers at most.`)
}

function architecturesField(form: Form): readonly string[] | undefined {
  const name = 'disabled_boot_architectures'
  if (!form.input.has(name)) return undefined
  const names = form.input.list(name)
  const right = names.length <= 32 && names.every((text) => /^[\w.+-]{1,32}$/.test(text))
  return right ? names : form.report(name, 'Enter names of boot architectures.')
}

/** `vlan`, or a VID of a fabric; a VID without a fabric is one of the default fabric. */
function vlanField(form: Form, state: RegionState): VlanId | undefined {
  const text = form.text('vlan') ?? ''
  if (text !== '') {
    return findVlan(state, text)?.id ?? form.report('vlan', `There is no VLAN ${text}.`)
  }
  const fabricText = form.text('fabric') ?? ''
  const vidText = form.text('vid') ?? ''
  if (fabricText === '' && vidText === '') return undefined
  const fabric = findFabric(state, fabricText === '' ? '0' : fabricText)
  if (fabric === null) return form.report('fabric', `There is no fabric ${fabricText}.`)
  const vid = vidText === '' ? 0 : parseId(vidText)
  const vlan = state.vlansByFabric.rows(fabric.id).find((row) => row.vid === vid)
  return vlan?.id ?? form.report('vid', `Fabric ${fabric.name} has no VLAN ${vidText}.`)
}

function defaultVlan(state: RegionState): VlanId {
  const fabric = state.fabrics.values().next().value
  const vlan = fabric === undefined ? undefined : defaultVlanOf(state, fabric.id)
  if (vlan !== undefined) return vlan.id
  throw new Rejection('CONFLICT', 'There is no fabric yet to put the subnet on.')
}

function renderRange({ start, end }: Ipv4Range) {
  return { start: formatIpv4(start), end: formatIpv4(end), num_addresses: end - start + 1 }
}

async function statistics(call: Call) {
  const state = await call.state()
  const { id } = subnetOf(state, call)
  const found = subnetStatistics(state, id)
  if (found === undefined) throw notFound('Subnet')
  const usage = found.unavailableCount / Math.max(1, found.totalAddresses)
  const first = found.unused[0]?.start
  return json({
    num_available: found.availableCount,
    largest_available: found.largestAvailable,
    num_unavailable: found.unavailableCount,
    total_addresses: found.totalAddresses,
    usage,
    usage_string: `${Math.round(usage * 100)}%`,
    available_string: `${Math.round((1 - usage) * 100)}%`,
    first_address: formatIpv4(found.firstAddress),
    last_address: formatIpv4(found.lastAddress),
    ip_version: 4,
    ...(call.input.flag('include_ranges') ? { ranges: renderRanges(found) } : {}),
    ...(call.input.flag('include_suggestions')
      ? {
          suggested_gateway: first === undefined ? null : formatIpv4(first),
          suggested_dynamic_range: largestOf(found.unused),
        }
      : {}),
  })
}

type Statistics = NonNullable<ReturnType<typeof subnetStatistics>>

function renderRanges({ used, unused }: Statistics) {
  const ranges = [
    ...used.map((range) => ({ range, purpose: range.purpose as readonly string[] })),
    ...unused.map((range) => ({ range, purpose: ['unused'] })),
  ].toSorted((a, b) => a.range.start - b.range.start)
  return ranges.map(({ range, purpose }) => ({ ...renderRange(range), purpose }))
}

function largestOf(ranges: readonly Ipv4Range[]) {
  const size = ({ start, end }: Ipv4Range): number => end - start
  const [largest] = ranges.toSorted((a, b) => size(b) - size(a))
  return largest === undefined ? null : renderRange(largest)
}

async function ipAddresses(call: Call) {
  const state = await call.state()
  const rows = state.ipAddressesBySubnet.rows(subnetOf(state, call).id)
  const allocated = rows.map((row) => ({
    ip: formatIpv4(row.ip),
    alloc_type: row.allocType as number,
    alloc_type_name: allocTypeName(row.allocType),
    created: isoTime(row.createdWall),
    updated: isoTime(row.updatedWall),
    user: (row.userId === null ? undefined : state.users.get(row.userId)?.username) ?? null,
  }))
  return json([...allocated, ...leasesOf(state, subnetOf(state, call))])
}

function leasesOf(state: RegionState, { cidr }: Subnet) {
  const end = cidr.network + 2 ** (32 - cidr.prefix) - 1
  const leased = []
  for (const ip of state.holds.keysAfter((cidr.network - 1) as typeof cidr.network, 100_000)) {
    if (ip > end) break
    const hold = state.holds.get(ip)
    if (hold === undefined || hold.until <= state.stamp || hold.released) continue
    const time = isoTime(hold.boundWall)
    leased.push({
      ip: formatIpv4(ip),
      alloc_type: ALLOC_TYPE.dhcp as number,
      alloc_type_name: 'DHCP',
      created: time,
      updated: time,
      user: null,
    })
  }
  return leased
}

export const SUBNETS: readonly Resource[] = [
  {
    name: 'SubnetsHandler',
    path: 'subnets/',
    doc: 'Manage subnets.',
    actions: [
      read('user', 'List subnets.', async (call) => {
        const state = await call.state()
        return json([...state.subnets.values()].map((subnet) => renderSubnet(state, subnet)))
      }),
      create('admin', 'Create a subnet.', createSubnet),
    ],
  },
  {
    name: 'SubnetHandler',
    path: 'subnets/{id}/',
    doc: 'Manage one subnet.',
    actions: [
      read('user', 'Show a subnet.', async (call) => {
        const state = await call.state()
        return json(renderSubnet(state, subnetOf(state, call)))
      }),
      update('admin', 'Change a subnet.', updateSubnet),
      remove('admin', 'Delete a subnet.', async (call) => {
        const { id } = subnetOf(await call.state(), call)
        await call.propose({ type: 'subnet.delete', id })
        return NO_CONTENT
      }),
      operation('GET', 'statistics', { doc: 'Count free and used addresses.' }, statistics),
      operation('GET', 'ip_addresses', { doc: 'List addresses in use.' }, ipAddresses),
      operation('GET', 'reserved_ip_ranges', { doc: 'List used ranges.' }, async (call) => {
        const state = await call.state()
        const ranges = usedRanges(state, subnetOf(state, call).id)
        return json(ranges.map((range) => ({ ...renderRange(range), purpose: range.purpose })))
      }),
      operation('GET', 'unreserved_ip_ranges', { doc: 'List free ranges.' }, async (call) => {
        const state = await call.state()
        return json(unusedRanges(state, subnetOf(state, call).id).map(renderRange))
      }),
    ],
  },
]
