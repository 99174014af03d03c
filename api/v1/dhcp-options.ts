// /api/v1/dhcp-options: options that racks give to DHCP clients, typed, for everything, a VLAN, a subnet, a range or
// a host. `{scope}` is `global`, `vlan:5001`, `subnet:3`, `range:7` or `host:52:54:00:00:00:01`; `{code}` a number or
// a name of dhcp-options(5).
import type { Context } from 'koa'
import {
  DHCP_SCOPES,
  dhcpOptionId,
  formatTarget,
  parseTarget,
  type DhcpOption,
  type DhcpTarget,
} from '#model/dhcp-option.ts'
import { namedOption } from '#model/dhcp-option-names.ts'
import type { RegionState } from '#state/state.ts'
import { NO_CONTENT, type Answer, type Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import { text, type Params } from '../params.ts'
import { checkIfMatch, tagged } from './entity-tag.ts'
import { PAGE_QUERY, type Pages } from './pages.ts'
import { parsed } from './parsed.ts'
import { DHCP_OPTION } from './schemas.ts'

export const DHCP_OPTION_QUERY = {
  ...PAGE_QUERY,
  scope: text('Only those of a kind of scope, or of one scope.'),
} satisfies Params

export function makeListDhcpOptions(pages: Pages) {
  return (call: Call): Promise<Answer> => {
    const scope = call.input.text('scope') ?? ''
    const isIn = (row: DhcpOption): boolean =>
      scope === '' || row.scope === scope || formatTarget(row) === scope
    return pages.page(call, {
      list: `dhcp-options ${scope}`,
      rows: ({ state }) => [...state.dhcpOptions.values()].filter(isIn).toSorted(inScopeOrder),
      render: renderDhcpOption,
    })
  }
}

export async function readDhcpOption(call: Call, ctx: Context): Promise<Answer> {
  return tagged(ctx, renderDhcpOption(optionOf(await call.state(), placeOf(call))))
}

export async function writeDhcpOption(call: Call, ctx: Context): Promise<Answer> {
  const { type, value, force } = parsed(DHCP_OPTION, ctx.request.body)
  const { target, code } = placeOf(call)
  const valueType = type ?? namedOption(code)?.type
  if (valueType === undefined) {
    throw fieldError('type', `Option ${code} has no type of its own: name one.`)
  }
  await call.propose({
    type: 'dhcpOption.put',
    target,
    code,
    valueType,
    value,
    force: force ?? false,
  })
  return tagged(ctx, renderDhcpOption(optionOf(call.after(), { target, code })))
}

export async function deleteDhcpOption(call: Call, ctx: Context): Promise<Answer> {
  const place = placeOf(call)
  checkIfMatch(ctx, renderDhcpOption(optionOf(await call.state(), place)))
  await call.propose({ type: 'dhcpOption.delete', ...place })
  return NO_CONTENT
}

type Place = { readonly target: DhcpTarget; readonly code: number }

function placeOf(call: Call): Place {
  const target = parseTarget(call.param('scope'))
  if (target === undefined) {
    throw fieldError('scope', 'Enter global, vlan:ID, subnet:ID, range:ID or host:MAC.')
  }
  const given = call.param('code')
  const code = /^\d{1,3}$/.test(given) ? Number(given) : namedOption(given.toLowerCase())?.code
  if (code === undefined) throw fieldError('code', 'Enter a number from 1 to 254, or a known name.')
  return { target, code }
}

function optionOf(state: RegionState, { target, code }: Place): DhcpOption {
  const row = state.dhcpOptions.get(dhcpOptionId(target, code))
  if (row === undefined) throw notFound('DHCPOption')
  return row
}

function inScopeOrder(a: DhcpOption, b: DhcpOption): number {
  const byScope = DHCP_SCOPES.indexOf(a.scope) - DHCP_SCOPES.indexOf(b.scope)
  if (byScope !== 0) return byScope
  const [left, right] = [formatTarget(a), formatTarget(b)]
  return left === right ? a.code - b.code : left < right ? -1 : 1
}

function renderDhcpOption(row: DhcpOption) {
  const { code, valueType, value, force } = row
  const scope = formatTarget(row)
  return { scope, code, name: namedOption(code)?.name ?? null, type: valueType, value, force }
}
