// subnets/ (maas-api §9, §10.3).
import type { SubnetId, VlanId } from '#model/ids.ts'
import { formatIp, isIpv4Cidr, parseIp, parseIpCidr, type IpCidr } from '#model/ip.ts'
import type { CommandOf } from '#state/command.ts'
import { defaultVlanOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { expectNetworkLevel } from '../network-level.ts'
import { flag, integer, list, text } from '../params.ts'
import { renderSubnet } from '../render/network.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { findFabric, findVlan, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'
import { SUBNET_USAGE, subnetOf } from './subnet-usage.ts'

const DNS_SERVERS_MAX = 16

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
  expectLevelOf(state, cidr)
  const { id } = await call.propose({
    type: 'subnet.create',
    ...DEFAULTS,
    ...set,
    cidr,
    vlanId,
  })
  return json(renderSubnetOf(call.after(), id))
}

const SUBNET = {
  cidr: text('Network in CIDR notation.', { required: true, max: 64 }),
  name: text('Name; the CIDR when empty.'),
  description: text('What it is for.', { max: 4_096 }),
  vlan: text('VLAN it is on: id or another specifier.'),
  fabric: text('Fabric of `vid`, where no VLAN is named.'),
  vid: text('VID of the VLAN in that fabric.'),
  gateway_ip: text('Router that clients are given; empty: none.', { max: 64 }),
  dns_servers: list('Resolvers that clients are given; commas or blanks between.'),
  rdns_mode: integer('Reverse zones: 0 none, 1 of the subnet, 2 classless ones too.', {
    ...{ min: 0, max: 2 },
  }),
  active_discovery: flag('Racks look for neighbours here.'),
  allow_dns: flag('Clients here may ask our DNS.'),
  allow_proxy: flag('Clients here may use the proxy.'),
  managed: flag('Addresses are given here; if not, in reserved ranges only.'),
  disabled_boot_architectures: list('Names of boot architectures that are not served here.'),
}

const FORCE = { force: flag('Delete it with the addresses in use.') }

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
  expectLevelOf(state, set.cidr)
  await call.propose({ type: 'subnet.update', id, set })
  return json(renderSubnetOf(call.after(), id))
}

function subnetSet(form: Form): Omit<CommandOf<'subnet.update'>['set'], 'vlanId'> {
  return present({
    cidr: cidrField(form),
    name: form.text('name'),
    description: form.text('description', { max: 4_096 }),
    gatewayIp: form.ip('gateway_ip'),
    dnsServers: dnsServersField(form),
    rdnsMode: form.integer('rdns_mode', { min: 0, max: 2 }),
    activeDiscovery: form.flag('active_discovery'),
    allowDns: form.flag('allow_dns'),
    allowProxy: form.flag('allow_proxy'),
    managed: form.flag('managed'),
    disabledBootArchitectures: architecturesField(form),
  })
}

function expectLevelOf(state: RegionState, cidr: IpCidr | undefined): void {
  if (cidr !== undefined && !isIpv4Cidr(cidr)) expectNetworkLevel(state, 'An IPv6 subnet')
}

function cidrField(form: Form): IpCidr | undefined {
  const text = form.input.text('cidr')
  if (text === undefined || text === '') return undefined
  const cidr = parseIpCidr(text)
  return cidr ?? form.report('cidr', `'${text.slice(0, 64)}' is not an IPv4 or IPv6 network.`)
}

/** Comma or space separated; of either family, in their shortest form. */
function dnsServersField(form: Form): readonly string[] | undefined {
  if (!form.input.has('dns_servers')) return undefined
  const servers = form.input.list('dns_servers').flatMap((part) => part.split(/\s+/))
  const wrong = servers.find((server) => parseIp(server) === undefined)
  if (wrong !== undefined) {
    return form.report('dns_servers', `'${wrong.slice(0, 64)}' is not an IP address.`)
  }
  if (servers.length <= DNS_SERVERS_MAX) {
    return servers.map(canonical)
  }
  return form.report('dns_servers', `A subnet has ${DNS_SERVERS_MAX} DNS servers at most.`)
}

function canonical(text: string): string {
  const ip = parseIp(text)
  return ip === undefined ? text : formatIp(ip)
}

function architecturesField(form: Form): readonly string[] | undefined {
  const name = 'disabled_boot_architectures'
  if (!form.input.has(name)) return undefined
  const names = form.input.list(name)
  const right = names.length <= 32 && names.every((one) => /^[\w.+-]{1,32}$/.test(one))
  return right ? names : form.report(name, 'Enter names of boot architectures.')
}

/** `vlan`, or a VID of a fabric; a VID without a fabric is one of the default fabric. */
function vlanField(form: Form, state: RegionState): VlanId | undefined {
  const vlanText = form.text('vlan') ?? ''
  if (vlanText !== '') {
    return findVlan(state, vlanText)?.id ?? form.report('vlan', `There is no VLAN ${vlanText}.`)
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
      taking(SUBNET, (run) => create('admin', 'Create a subnet.', run), createSubnet),
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
      taking(SUBNET, (run) => update('admin', 'Change a subnet.', run), updateSubnet),
      taking(
        FORCE,
        (run) => remove('admin', 'Delete a subnet.', run),
        async (call, { force = false }) => {
          const state = await call.state()
          const { id } = subnetOf(state, call)
          if (force) expectNetworkLevel(state, 'Deleting a subnet by force')
          await call.propose({ type: 'subnet.delete', id, ...(force ? { force } : {}) })
          return NO_CONTENT
        },
      ),
      ...SUBNET_USAGE,
    ],
  },
]
