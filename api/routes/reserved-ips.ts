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
import { create, read, remove, update, type Resource } from '../resource.ts'
import { findSubnet, parseId } from '../specifiers.ts'

const COMMENT_MAX = 255

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
  const mac = form.mac('mac_address')
  const comment = form.text('comment', { max: COMMENT_MAX }) ?? ''
  if (ip !== undefined) checkSubnet(form, state, ip)
  form.check()
  // `require` or the field reported it otherwise.
  if (ip === undefined || mac === undefined) throw notFound('ReservedIP')
  expectNetworkLevel(state, 'A reserved IP')
  const client = clientKeyOf(mac)
  await call.propose({ type: 'reservation.create', ip, client, mac, hostname: '', comment })
  const after = call.after()
  const row = after.reservations.get(ip)
  return json(row === undefined ? { ip: formatIp(ip) } : renderReservedIp(after, row))
}

/** Without `subnet`, whichever has the address; a named one must be that one. */
function checkSubnet(form: Form, state: RegionState, ip: Ip): void {
  const owner = subnetOf(state, ip)
  const text = form.text('subnet') ?? ''
  const named = text === '' ? owner : (findSubnet(state, text) ?? undefined)
  if (text !== '' && named === undefined) form.report('subnet', `There is no subnet ${text}.`)
  else if (owner === undefined || named?.id !== owner.id) {
    const where = text === '' ? 'any subnet' : `subnet ${text}`
    form.report('ip', `The IP address ${formatIp(ip)} is not in ${where}.`)
  }
}

/** As racks know an Ethernet client: `<htype>-<chaddr hex>`. */
function clientKeyOf(mac: MacAddress): string {
  return `1-${mac.replaceAll(':', '')}`
}

/** Only the comment changes: another address or client is another reserved IP. */
async function updateReservedIp(call: Call) {
  const { id, ip, mac, comment: before = '' } = reservedIpOf(await call.state(), call)
  const form = new Form(call.input)
  const comment = form.text('comment', { max: COMMENT_MAX }) ?? before
  const wantedIp = form.ip('ip') ?? ip
  const wantedMac = form.mac('mac_address') ?? mac
  form.check()
  if (wantedIp !== ip) throw fieldError('ip', 'The IP of a reserved IP cannot be changed.')
  if (wantedMac !== mac) {
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
      create('admin', 'Reserve an IP for a MAC address.', createReservedIp),
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
      update('admin', 'Change the comment of a reserved IP.', updateReservedIp),
      remove('admin', 'Delete a reserved IP.', async (call) => {
        const { ip } = reservedIpOf(await call.state(), call)
        await call.propose({ type: 'reservation.delete', ip })
        return NO_CONTENT
      }),
    ],
  },
]
