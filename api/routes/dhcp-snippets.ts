// dhcp-snippets/: statements for DHCP, for everything, a subnet, a range or a node; checked when written.
import type { DhcpSnippet } from '#model/objects.ts'
import type { IpRangeId } from '#model/ids.ts'
import { checkSnippet } from '#model/dhcp-statements.ts'
import { parseSystemId } from '#model/ids.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Call } from '../call.ts'
import { fieldError } from '../errors.ts'
import { objectRoutes, renderAfter, rowOf } from '../object-routes.ts'
import { custom, flag, integer, text } from '../params.ts'
import { renderSnippet } from '../render/objects.ts'
import { operation, taking, type Resource } from '../resource.ts'
import { findSubnet, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

const VALUE_CHARACTERS_MAX = 64 << 10

const params = {
  name: text('Name.', { required: true }),
  value: custom<string>(
    'Statements in the grammar of dhcpd.conf.',
    { type: 'string', maxLength: VALUE_CHARACTERS_MAX },
    (form, name) => {
      const value = form.text(name, { max: VALUE_CHARACTERS_MAX })
      const problem = value === undefined ? null : checkSnippet(value)
      return problem === null ? value : form.report(name, problem)
    },
    { required: true },
  ),
  description: text('What it is for.', { max: 1_024 }),
  enabled: flag('Whether it is in force.'),
  node: text('System id of the node it is for.', { max: 64 }),
  subnet: text('Subnet it is for: id, CIDR, name or another specifier.'),
  iprange: text('Id of the IP range it is for.', { max: 16 }),
  global_snippet: flag('It is for everything; takes node, subnet and range away.'),
}

/** Naming one target takes the others away, as does `global_snippet`. */
function targetOf(
  values: { readonly [N in 'node' | 'subnet' | 'iprange']?: string } & {
    readonly global_snippet?: boolean
  },
  state: RegionState,
): Partial<Pick<DhcpSnippet, 'systemId' | 'subnetId' | 'ipRangeId'>> {
  const { node = '', subnet = '', iprange = '' } = values
  const none = { systemId: null, subnetId: null, ipRangeId: null }
  const given = [node, subnet, iprange].filter((value) => value !== '').length
  if (values.global_snippet === true) {
    if (given > 0) {
      throw fieldError('global_snippet', 'A global snippet is for no node, subnet or range.')
    }
    return none
  }
  if (given > 1) throw fieldError('__all__', 'Name one of node, subnet and iprange.')
  if (node !== '') {
    const systemId = parseSystemId(node)
    if (systemId === undefined) throw fieldError('node', 'There is no such node.')
    return { ...none, systemId }
  }
  if (subnet !== '') {
    const subnetId = findSubnet(state, subnet)?.id
    if (subnetId === undefined) throw fieldError('subnet', 'There is no such subnet.')
    return { ...none, subnetId }
  }
  if (iprange === '') return {}
  const ipRangeId = parseId(iprange)
  if (ipRangeId === null) throw fieldError('iprange', 'There is no such range.')
  return { ...none, ipRangeId: ipRangeId as IpRangeId }
}

const ROUTES = {
  ...{ table: 'dhcpSnippets' as const, model: 'DHCPSnippet', render: renderSnippet },
}

async function revert(call: Call, to: number) {
  const { id } = rowOf(ROUTES, await call.state(), call)
  await call.propose({ type: 'object.revert', table: 'dhcpSnippets', id, to })
  return json(renderAfter(ROUTES, call, id))
}

export const DHCP_SNIPPETS: readonly Resource[] = objectRoutes({
  ...{ ...ROUTES, readers: 'user', params },
  words: ['DHCP snippet', 'DHCP snippets'],
  names: ['DHCPSnippetsHandler', 'DHCPSnippetHandler'],
  paths: ['dhcp-snippets/', 'dhcp-snippets/{id}/'],
  standard: {
    ...{ name: '', description: '', enabled: true, value: '', comment: '' },
    ...{ systemId: null, subnetId: null, ipRangeId: null },
  },
  fieldsOf: (values, _call, state) => ({
    ...present({ name: values.name, value: values.value, description: values.description }),
    ...present({ enabled: values.enabled }),
    ...targetOf(values, state),
  }),
  more: [
    taking(
      {
        to: integer('Id of a version, or how many to go back when negative.', {
          ...{ required: true, min: -(2 ** 31), max: 2 ** 31 - 1 },
        }),
      },
      (run) => operation('POST', 'revert', { access: 'admin', doc: 'Go back to a version.' }, run),
      (call, { to = 0 }) => revert(call, to),
    ),
  ],
})
