// ipranges/: who may use which addresses of a subnet (maas-api §9, §10.3).
import type { IpRangeId } from '#model/ids.ts'
import type { Ip } from '#model/ip.ts'
import type { IpRange } from '#model/network.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { forbidden, notFound } from '../errors.ts'
import { Form } from '../input.ts'
import { choice, text } from '../params.ts'
import { renderIpRange } from '../render/network.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { findSubnet, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

const RANGE_TYPES = ['dynamic', 'reserved'] as const

const RANGE = {
  type: choice('Who may use it: DHCP or nobody.', RANGE_TYPES, { required: true }),
  start_ip: text('First address.', { required: true, max: 64 }),
  end_ip: text('Last address.', { required: true, max: 64 }),
  subnet: text('Subnet it is in; the one that holds the addresses by default.'),
  comment: text('What it is for.'),
}
const { start_ip, end_ip, comment } = RANGE

async function createRange(call: Call) {
  const state = await call.state()
  const form = new Form(call.input)
  for (const name of ['type', 'start_ip', 'end_ip']) form.require(name)
  const rangeType = form.choice('type', RANGE_TYPES) ?? 'reserved'
  const start = form.ip('start_ip') ?? undefined
  const end = form.ip('end_ip') ?? undefined
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
function subnetField(form: Form, state: RegionState, ip: Ip | undefined) {
  const given = form.text('subnet') ?? ''
  if (given !== '') {
    return findSubnet(state, given) ?? form.report('subnet', `There is no subnet ${given}.`)
  }
  if (ip === undefined) return undefined
  return subnetOf(state, ip) ?? form.report('start_ip', 'No subnet contains this address.')
}

async function updateRange(call: Call) {
  const { id } = ownRange(await call.state(), call)
  const form = new Form(call.input)
  const start = form.ip('start_ip') ?? undefined
  const end = form.ip('end_ip') ?? undefined
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

export const IP_RANGES: readonly Resource[] = [
  {
    name: 'IPRangesHandler',
    path: 'ipranges/',
    doc: 'Manage dynamic and reserved IP ranges.',
    actions: [
      read('user', 'List IP ranges.', async (call) => {
        const state = await call.state()
        return jsonList([...state.ipRanges.values()], (range) => renderIpRange(state, range))
      }),
      taking(RANGE, (run) => create('user', 'Create an IP range.', run), createRange),
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
      taking(
        { start_ip, end_ip, comment },
        (run) => update('user', 'Change an IP range.', run),
        updateRange,
      ),
      remove('user', 'Delete an IP range.', async (call) => {
        const { id } = ownRange(await call.state(), call)
        await call.propose({ type: 'ipRange.delete', id })
        return NO_CONTENT
      }),
    ],
  },
]
