// ipaddresses/: addresses that users reserve, and a list of all that anybody has (maas-api §9, §10.3).
import { formatIp, isIpv4, parseIp, type Ip } from '#model/ip.ts'
import type { Subnet } from '#model/network.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { fieldError, forbidden, notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { fromTheApi, knownAddresses } from '../known-addresses.ts'
import { renderIpAddress } from '../render/address.ts'
import { flag, mac, mandatory, text } from '../params.ts'
import { operation, read, taking, type Resource } from '../resource.ts'
import { findSubnet } from '../specifiers.ts'

/** Own ones; with `owner` another user's, with `all` also what DHCP, racks and machines have. */
async function listAddresses(call: Call) {
  const state = await call.state()
  const { input, user } = call
  const all = input.flag('all')
  const owner = input.text('owner')
  if (!call.isAdmin && all) throw forbidden('Listing all IP addresses requires admin privileges.')
  if (!call.isAdmin && owner !== undefined && owner !== user.username) {
    throw forbidden("Listing another user's IP addresses requires admin privileges.")
  }
  const wanted = owner === undefined ? user : state.usersByUsername.first(owner)
  const rows =
    all && owner === undefined
      ? knownAddresses(state)
      : [...state.ipAddresses.values()]
          .filter(({ userId }) => userId !== null && userId === wanted?.id)
          .map((row) => fromTheApi(row))
  const ip = input.text('ip')
  const found = ip === undefined ? rows : rows.filter((row) => row.ip === parseIp(ip))
  return jsonList(found, (row) => renderIpAddress(state, row))
}

async function reserveAddress(call: Call) {
  const state = await call.state()
  const form = new Form(call.input)
  const ip = form.ip('ip') ?? form.ip('ip_address') ?? null
  const hostname = form.text('hostname', { max: 253 }) ?? ''
  const forMac = form.mac('mac') ?? null
  const subnetText = form.text('subnet') ?? ''
  form.check()
  const subnet = subnetFor(state, subnetText, ip)
  const command = {
    type: 'address.reserve',
    subnetId: subnet.id,
    ip,
    hostname,
    mac: forMac,
  } as const
  const reserved = await call.propose({ ...command, userId: call.user.id })
  const after = call.after()
  const row = after.ipAddresses.get(reserved.ip)
  if (row === undefined) return json({ ip: formatIp(reserved.ip) })
  return json(renderIpAddress(after, fromTheApi(row)))
}

function subnetFor(state: RegionState, given: string, ip: Ip | null): Subnet {
  if (given !== '') {
    const named = findSubnet(state, given)
    if (named === null) throw fieldError('subnet', `There is no subnet ${given}.`)
    return named
  }
  const owner = ip === null ? undefined : subnetOf(state, ip)
  if (owner !== undefined) return owner
  throw new Rejection('BAD_REQUEST', 'Name a subnet, or an address that lies in one.')
}

async function releaseAddress(call: Call) {
  const text = call.input.mandatory('ip')
  const ip = parseIp(text)
  if (ip === undefined) throw fieldError('ip', 'Enter a valid IPv4 or IPv6 address.')
  const force = call.input.flag('force')
  if (force && !call.isAdmin) {
    throw forbidden('Force-releasing an IP address requires admin privileges.')
  }
  if (call.input.flag('discovered')) {
    if (!call.isAdmin) throw forbidden('Releasing an observed address requires admin privileges.')
    // Nobody declines an IPv6 address: racks give none.
    if (!isIpv4(ip)) throw notFound('StaticIPAddress')
    await call.propose({ type: 'address.forget', ip })
    return NO_CONTENT
  }
  await call.propose({ type: 'address.release', ip, userId: call.user.id, force })
  return NO_CONTENT
}

const LISTED = {
  all: flag('All that anybody has, by DHCP too (administrators).'),
  owner: text('Those of this user (administrators).'),
  ip: text('Only this one.', { max: 64 }),
}
const RESERVED = {
  subnet: text('Subnet whose next free address is wanted: id, CIDR, name or another specifier.'),
  ip: text('This address.', { max: 64 }),
  ip_address: text('The same.', { max: 64 }),
  hostname: text('DNS name it gets.', { max: 253 }),
  mac: mac('Interface it is for.'),
}
const RELEASED = {
  ip: mandatory(text('The address.', { max: 64 })),
  force: flag("Another user's, too (administrators)."),
  discovered: flag('Forget that it was seen in use (administrators).'),
}

export const ADDRESSES: readonly Resource[] = [
  {
    name: 'IPAddressesHandler',
    path: 'ipaddresses/',
    doc: 'Reserve and release IP addresses.',
    actions: [
      taking(LISTED, (run) => read('user', 'List reserved IP addresses.', run), listAddresses),
      taking(
        RESERVED,
        (run) => operation('POST', 'reserve', { doc: 'Reserve an IP address.' }, run),
        reserveAddress,
      ),
      taking(
        RELEASED,
        (run) => operation('POST', 'release', { doc: 'Release an IP address.' }, run),
        releaseAddress,
      ),
    ],
  },
]
