// DHCP options of operators (`model/dhcp-option.ts`): one row for a target and a code. A row goes with the object
// that it is for; hosts are named by hardware address, which needs no object.
import {
  dhcpOptionId,
  DHCP_OPTION_TYPES,
  formatTarget,
  type DhcpOption,
  type DhcpTarget,
} from '#model/dhcp-option.ts'
import { namedOption, whyNotSet } from '#model/dhcp-option-names.ts'
import { parseOptionValue } from '#model/dhcp-option-value.ts'
import { DONE, invalid, notFound, refuse, type Handler } from './context.ts'
import { DHCP_OPTIONS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

export const putDhcpOption: Handler<'dhcpOption.put'> = ({ state }, command) => {
  const { target, code, valueType, force } = command
  const refusal = checkTarget(state, target) ?? checkCode(code) ?? checkType(code, valueType)
  if (refusal !== null) return refusal
  const parsed = parseOptionValue(valueType, command.value)
  if (!parsed.ok) return invalid('value', parsed.problem)
  const id = dhcpOptionId(target, code)
  if (!state.dhcpOptions.has(id) && state.dhcpOptions.size >= DHCP_OPTIONS_MAX) {
    return refuse('OVERLOADED', `At most ${DHCP_OPTIONS_MAX} DHCP options are kept.`)
  }
  const { scope, scopeId } = target
  const row: DhcpOption = { id, scope, scopeId, code, valueType, value: parsed.value, force }
  state.dhcpOptions.put(id, row)
  return DONE
}

export const deleteDhcpOption: Handler<'dhcpOption.delete'> = ({ state }, { target, code }) => {
  const id = dhcpOptionId(target, code)
  if (!state.dhcpOptions.has(id)) return notFound('DHCPOption')
  state.dhcpOptions.delete(id)
  return DONE
}

/** With the object that they are for. */
export function dropDhcpOptions(state: RegionState, target: DhcpTarget): void {
  const prefix = `${formatTarget(target)}/`
  const gone = [...state.dhcpOptions.keys()].filter((id) => id.startsWith(prefix))
  for (const id of gone) state.dhcpOptions.delete(id)
}

function checkTarget(state: RegionState, target: DhcpTarget): Refusal | null {
  const { scope, scopeId } = target
  const isThere =
    scope === 'global' ||
    scope === 'host' ||
    (scope === 'vlan' && state.vlans.has(scopeId)) ||
    (scope === 'subnet' && state.subnets.has(scopeId)) ||
    (scope === 'range' && state.ipRanges.has(scopeId))
  return isThere ? null : invalid('scope', `There is no ${scope} ${scopeId}.`)
}

function checkCode(code: number): Refusal | null {
  if (!Number.isInteger(code) || code < 0 || code > 255) {
    return invalid('code', 'The code must be between 1 and 254.')
  }
  const why = whyNotSet(code)
  return why === null ? null : invalid('code', `Option ${code} ${why}.`)
}

/** What has a type of its own has no other: octets by hand would say what no check can read. */
function checkType(code: number, valueType: DhcpOption['valueType']): Refusal | null {
  if (!DHCP_OPTION_TYPES.includes(valueType)) {
    return invalid('type', `The type must be one of ${DHCP_OPTION_TYPES.join(', ')}.`)
  }
  const named = namedOption(code)
  if (named === undefined || named.type === valueType) return null
  return invalid('type', `Option ${code} (${named.name}) has the type ${named.type}.`)
}
