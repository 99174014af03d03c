// reservedips/: addresses that DHCP keeps for one MAC (maas-api §9, MAAS 3.6+). They are the reservations of the
// lease protocol: deleting one leaves its client a hold.
import type { ReservedIpId } from '#model/ids.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Reservation } from '#model/network.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import { Form } from '../input.ts'
import { expectNetworkLevel } from '../network-level.ts'
import { renderReservedIp } from '../render/network.ts'
import { mac, text } from '../params.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { findSubnet, parseId } from '../specifiers.ts'

const COMMENT_MAX = 255

const RESERVED_IP = {
  ip: text('The address.', { required: true, max: 64 }),
  mac_address: mac('Whose it is.', { required: true }),
  comment: text('What it is for.', { max: COMMENT_MAX }),
  subnet: text('Subnet it is in; the one that holds the address by default.'),
}
const CHANGED = {
  comment: RESERVED_IP.comment,
  ip: text('As it is: an address is not changed.', { max: 64 }),
  mac_address: mac('As it is.'),
}

function reservedIpOf(state: RegionState, call: Call): Reservation {
  const id = parseId(call.param('id'))
  const row = id === null ? undefined : state.reservationsById.first(id as ReservedIpId)
  if (row === undefined) throw notFound('ReservedIP')
  return row
}

async function createReservedIp(call: Call) {
  const state = await call.state()
  const form = new Form(call.input)
  for (const name of ['ip', 'mac_address']) form.require(name)
  const ip = form.ip('ip') ?? undefined
  const forMac = form.mac('mac_address')
  const comment = form.text('comment', { max: COMMENT_MAX }) ?? ''
  if (ip !== undefined) checkSubnet(form, state, ip)
  form.check()
  // `require` or the field reported it otherwise.
  if (ip === undefined || forMac === undefined) throw notFound('ReservedIP')
  expectNetworkLevel(state, 'A reserved IP')
  const client = clientKeyOf(forMac)
  await call.propose({ type: 'reservation.create', ip, client, mac: forMac, hostname: '', comment })
  const after = call.after()
  const row = after.reservations.get(ip)
  return json(row === undefined ? { ip: formatIp(ip) } : renderReservedIp(after, row))
}

/** Without `subnet`, whichever has the address; a named one must be that one. */
function checkSubnet(form: Form, state: RegionState, ip: Ip): void {
  const owner = subnetOf(state, ip)
  const given = form.text('subnet') ?? ''
  const named = given === '' ? owner : (findSubnet(state, given) ?? undefined)
  if (given !== '' && named === undefined) form.report('subnet', `There is no subnet ${given}.`)
  else if (owner === undefined || named?.id !== owner.id) {
    const where = given === '' ? 'any subnet' : `subnet ${given}`
    form.report('ip', `The IP address ${formatIp(ip)} is not in ${where}.`)
  }
}

/** As racks know an Ethernet client: `<htype>-<chaddr hex>`. */
function clientKeyOf(address: MacAddress): string {
  return `1-${address.replaceAll(':', '')}`
}

/** Only the comment changes: another address or client is another reserved IP. */
async function updateReservedIp(call: Call) {
  const { id, ip, mac: was, comment: before = '' } = reservedIpOf(await call.state(), call)
  const form = new Form(call.input)
  const comment = form.text('comment', { max: COMMENT_MAX }) ?? before
  const wantedIp = form.ip('ip') ?? ip
  const wantedMac = form.mac('mac_address') ?? was
  form.check()
  if (wantedIp !== ip) throw fieldError('ip', 'The IP of a reserved IP cannot be changed.')
  if (wantedMac !== was) {
    throw fieldError('mac_address', 'The MAC address of a reserved IP cannot be changed.')
  }
  if (id === undefined) throw notFound('ReservedIP')
  await call.propose({ type: 'reservation.update', id, comment })
  const after = call.after()
  const row = after.reservationsById.first(id)
  return json(row === undefined ? { id } : renderReservedIp(after, row))
}

export const RESERVED_IPS: readonly Resource[] = [
  {
    name: 'ReservedIpsHandler',
    path: 'reservedips/',
    doc: 'Manage addresses that are kept for one MAC address.',
    actions: [
      read('user', 'List reserved IPs.', async (call) => {
        const state = await call.state()
        const rows = [...state.reservations.values()].filter(({ id }) => id !== undefined)
        return jsonList(rows, (row) => renderReservedIp(state, row))
      }),
      taking(
        RESERVED_IP,
        (run) => create('admin', 'Reserve an IP for a MAC address.', run),
        createReservedIp,
      ),
    ],
  },
  {
    name: 'ReservedIpHandler',
    path: 'reservedips/{id}/',
    doc: 'Manage one reserved IP.',
    actions: [
      read('user', 'Show a reserved IP.', async (call) => {
        const state = await call.state()
        return json(renderReservedIp(state, reservedIpOf(state, call)))
      }),
      taking(
        CHANGED,
        (run) => update('admin', 'Change the comment of a reserved IP.', run),
        updateReservedIp,
      ),
      remove('admin', 'Delete a reserved IP.', async (call) => {
        const { ip } = reservedIpOf(await call.state(), call)
        await call.propose({ type: 'reservation.delete', ip })
        return NO_CONTENT
      }),
    ],
  },
]
