// GET /api/v1/explain/dhcp and …/name/{fqdn}: what a rack would do with a packet that nobody sent, what DNS would
// answer, and why. Parameters say what the client would; whose word counts where is told in the steps.
import { DHCP_CLIENT_KINDS, DHCP_MESSAGE_KINDS, type DhcpQuestion } from '#model/explain.ts'
import { parseSystemId } from '#model/ids.ts'
import { namedOption } from '#model/dhcp-option-names.ts'
import { isIpv4 } from '#model/ip.ts'
import { formatIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Answer, type Call } from '../call.ts'
import { fieldError } from '../errors.ts'
import { Form } from '../input.ts'
import { choice, integer, text, type Params } from '../params.ts'
import { findSubnet, findVlan } from '../specifiers.ts'
import type { Explainer } from './explainer.ts'

export const EXPLAIN_DHCP_QUERY: Params = {
  mac: text('MAC address of the client.', { required: true }),
  vlan: text('VLAN it is on: id or specifier.'),
  subnet: text('Subnet it is on: id, CIDR, name or another specifier.'),
  giaddr: text('Address of the relay that passed it on.'),
  rack: text('System id of the rack to look at; by default the one that would answer.'),
  message: choice('Kind of message; discover by default.', DHCP_MESSAGE_KINDS),
  ip: text('Address that the client asks for or has.'),
  server: text('Option 54 of a selecting client.'),
  client: choice('What boots; none by default.', DHCP_CLIENT_KINDS),
  architecture: integer('Option 93.', { min: 0, max: 65_535 }),
  vendor_class: text('Option 60.'),
  user_class: text('Option 77.'),
  asks: text('Option 55: codes or names with commas between them.'),
}
export const EXPLAIN_NAME_QUERY: Params = {
  type: text('Type of record; A by default.'),
}

export function makeExplainName({ name, nameTypes }: Explainer) {
  return async (call: Call): Promise<Answer> => {
    const type = (call.input.text('type') ?? 'A').toUpperCase()
    if (!nameTypes.includes(type)) {
      throw fieldError('type', `The type must be one of ${nameTypes.join(', ')}.`)
    }
    const { state, revision } = await call.view()
    const fqdn = call.param('fqdn')
    const found = name(state, fqdn, type)
    if (found === undefined) throw fieldError('fqdn', 'Enter a domain name.')
    return json({ name: fqdn, type, revision, ...found })
  }
}

export function makeExplainDhcp(explainer: Explainer) {
  return async (call: Call): Promise<Answer> => {
    const form = new Form(call.input)
    form.require('mac')
    const question = questionOf(form)
    form.check()
    const { state, revision } = await call.view()
    const where = whereOf(state, call)
    if (where.vlan === undefined && where.subnet === undefined && question.giaddr === null) {
      throw fieldError('vlan', 'Say where the client is: vlan, subnet or giaddr.')
    }
    const found = explainer.dhcp(state, where, question)
    const { vlan, racks, rackId, answer, steps, address, boot, options } = found
    return json({
      ...{ mac: question.mac, message: question.message, revision, answer, steps, vlan },
      racks: racks.map(({ systemId, ...rack }) => ({ system_id: systemId, ...rack })),
      rack: rackId,
      address:
        address === null
          ? null
          : { ip: formatIpv4(address.ip), lease_seconds: address.leaseSeconds },
      ...{ boot, options },
    })
  }
}

/** Racks speak DHCPv4 only. */
function ipv4In(form: Form, name: string): Ipv4 | null {
  const ip = form.ip(name) ?? null
  if (ip === null || isIpv4(ip)) return ip
  form.report(name, 'Enter an IPv4 address.')
  return null
}

function questionOf(form: Form): DhcpQuestion {
  const bounds = { min: 0, max: 65_535 }
  return {
    // `form.check` comes before anybody looks.
    mac: form.mac('mac') ?? ('' as DhcpQuestion['mac']),
    message: form.choice('message', DHCP_MESSAGE_KINDS) ?? 'discover',
    ip: ipv4In(form, 'ip'),
    server: ipv4In(form, 'server'),
    giaddr: ipv4In(form, 'giaddr'),
    client: form.choice('client', DHCP_CLIENT_KINDS) ?? 'none',
    architecture: form.integer('architecture', bounds) ?? 0,
    vendorClass: form.text('vendor_class') ?? '',
    userClass: form.text('user_class') ?? '',
    asks: asksOf(form),
  }
}

/** Option codes, or names of dhcp-options(5). */
function asksOf(form: Form): readonly number[] {
  const texts = (form.input.text('asks') ?? '').split(',').filter((text) => text !== '')
  const codes = texts.map((text) => {
    const code = /^\d{1,3}$/.test(text) ? Number(text) : namedOption(text)?.code
    return code !== undefined && code > 0 && code < 255 ? code : undefined
  })
  if (codes.length <= 64 && codes.every((code) => code !== undefined)) return codes
  form.report('asks', 'Enter option codes or names with commas between them.')
  return []
}

function whereOf(state: RegionState, call: Call) {
  const text = (name: string): string => call.input.text(name) ?? ''
  const vlan = text('vlan') === '' ? undefined : findVlan(state, text('vlan'))
  if (vlan === null) throw fieldError('vlan', 'There is no such VLAN.')
  const subnet = text('subnet') === '' ? undefined : findSubnet(state, text('subnet'))
  if (subnet === null) throw fieldError('subnet', 'There is no such subnet.')
  const rackId = parseSystemId(text('rack'))
  const isRack = rackId !== undefined && state.controllers.get(rackId)?.kind === 'rack'
  if (text('rack') !== '' && !isRack) throw fieldError('rack', 'There is no such rack.')
  return { vlan, subnet, rackId }
}
