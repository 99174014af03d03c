// ipranges/ and ipaddresses/: who may use which addresses (maas-api §9, §10.3).
import type { IpRangeId } from '#model/ids.ts'
import { formatIpv4, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { IpRange } from '#model/network.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { fieldError, forbidden, notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { renderIpAddress, renderIpRange } from '../render/network.ts'
import { create, operation, read, remove, update, type Resource } from '../resource.ts'
import { findSubnet, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

const RANGE_TYPES = ['dynamic', 'reserved'] as const

async function createRange(call: Call) {
  const state = await call.state()
  const form = new Form(call.input)
  for (const name of ['type', 'start_ip', 'end_ip']) form.require(name)
  const rangeType = form.choice('type', RANGE_TYPES) ?? 'reserved'
  const start = form.ipv4('start_ip') ?? undefined
  const end = form.ipv4('end_ip') ?? undefined
  const comment = form.text('comment') ?? ''
  const subnet = subnetField(form, state, start)
  form.check()
  if (start === undefined || end === undefined || subnet === undefined) throw notFound('Subnet')
  if (rangeType === 'dynamic' && !call.isAdmin) {
    throw forbidden('Unable to create dynamic IP range. You do not have sufficient privileges.')
  }
  const { id } = await call.propose({
    type: 'ipRange.create',
    ...{ rangeType, subnetId: subnet.id, start, end, comment, userId: call.user.id },
  })
  return json(renderRangeOf(call.after(), id))
}

/** Without `subnet`, the one that the address lies in. */
function subnetField(form: Form, state: RegionState, ip: Ipv4 | undefined) {
  const text = form.text('subnet') ?? ''
  if (text !== '') {
    return findSubnet(state, text) ?? form.report('subnet', `There is no subnet ${text}.`)
  }
  if (ip === undefined) return undefined
  return subnetOf(state, ip) ?? form.report('start_ip', 'No subnet contains this address.')
}

async function updateRange(call: Call) {
  const { id } = ownRange(await call.state(), call)
  const form = new Form(call.input)
  const start = form.ipv4('start_ip') ?? undefined
  const end = form.ipv4('end_ip') ?? undefined
  const comment = form.text('comment')
  form.check()
  await call.propose({ type: 'ipRange.update', id, set: present({ start, end, comment }) })
  return json(renderRangeOf(call.after(), id))
}

function rangeOf(state: RegionState, call: Call): IpRange {
  const id = parseId(call.param('id'))
  const range = id === null ? undefined : state.ipRanges.get(id as IpRangeId)
  if (range === undefined) throw notFound('IPRange')
  return range
}

function ownRange(state: RegionState, call: Call): IpRange {
  const range = rangeOf(state, call)
  if (call.isAdmin || range.userId === call.user.id) return range
  throw forbidden('Unable to modify IP range. You do not have sufficient privileges.')
}

function renderRangeOf(state: RegionState, id: IpRangeId) {
  const range = state.ipRanges.get(id)
  return range === undefined ? { id } : renderIpRange(state, range)
}

async function listAddresses(call: Call) {
  const state = await call.state()
  const { input, user } = call
  const all = input.flag('all')
  const owner = input.text('owner')
  if (!call.isAdmin && (all || (owner !== undefined && owner !== user.username))) {
    throw forbidden('Listing all IP addresses requires admin privileges.')
  }
  const wanted = owner === undefined ? user : state.usersByUsername.first(owner)
  const ip = input.text('ip')
  const rows = [...state.ipAddresses.values()].filter(
    (row) => (all || row.userId === wanted?.id) && (ip === undefined || row.ip === parseIpv4(ip)),
  )
  return jsonList(rows, (row) => renderIpAddress(state, row))
}

async function reserveAddress(call: Call) {
  const state = await call.state()
  const form = new Form(call.input)
  const ip = form.ipv4('ip') ?? form.ipv4('ip_address') ?? null
  const hostname = form.text('hostname', { max: 253 }) ?? ''
  const mac = form.mac('mac') ?? null
  const subnetText = form.text('subnet') ?? ''
  form.check()
  const subnet =
    subnetText === ''
      ? ip === null
        ? null
        : (subnetOf(state, ip) ?? null)
      : findSubnet(state, subnetText)
  if (subnet === null) {
    if (subnetText !== '') throw fieldError('subnet', `There is no subnet ${subnetText}.`)
    throw new Rejection('BAD_REQUEST', 'Name a subnet, or an address that lies in one.')
  }
  const command = { type: 'address.reserve', subnetId: subnet.id, ip, hostname, mac } as const
  const reserved = await call.propose({ ...command, userId: call.user.id })
  const after = call.after()
  const row = after.ipAddresses.get(reserved.ip)
  return json(row === undefined ? { ip: formatIpv4(reserved.ip) } : renderIpAddress(after, row))
}

async function releaseAddress(call: Call) {
  const text = call.input.mandatory('ip')
  const ip = parseIpv4(text)
  if (ip === undefined) throw fieldError('ip', 'Enter a valid IPv4 address.')
  const force = call.input.flag('force')
  if (force && !call.isAdmin) {
    throw forbidden('Force-releasing an IP address requires admin privileges.')
  }
  await call.propose({ type: 'address.release', ip, userId: call.user.id, force })
  return NO_CONTENT
}

export const ADDRESSES: readonly Resource[] = [
  {
    name: 'IPRangesHandler',
    path: 'ipranges/',
    doc: 'Manage dynamic and reserved IP ranges.',
    actions: [
      read('user', 'List IP ranges.', async (call) => {
        const state = await call.state()
        return jsonList([...state.ipRanges.values()], (range) => renderIpRange(state, range))
      }),
      create('user', 'Create an IP range.', createRange),
    ],
  },
  {
    name: 'IPRangeHandler',
    path: 'ipranges/{id}/',
    doc: 'Manage one IP range.',
    actions: [
      read('user', 'Show an IP range.', async (call) => {
        const state = await call.state()
        return json(renderIpRange(state, rangeOf(state, call)))
      }),
      update('user', 'Change an IP range.', updateRange),
      remove('user', 'Delete an IP range.', async (call) => {
        const { id } = ownRange(await call.state(), call)
        await call.propose({ type: 'ipRange.delete', id })
        return NO_CONTENT
      }),
    ],
  },
  {
    name: 'IPAddressesHandler',
    path: 'ipaddresses/',
    doc: 'Reserve and release IP addresses.',
    actions: [
      read('user', 'List reserved IP addresses.', listAddresses),
      operation('POST', 'reserve', { doc: 'Reserve an IP address.' }, reserveAddress),
      operation('POST', 'release', { doc: 'Release an IP address.' }, releaseAddress),
    ],
  },
]
