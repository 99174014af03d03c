// Operations on one interface: its links to subnets, the default gateway, tags (maas-api §9, §10.3).
import type { Command } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import type { Form } from '../input.ts'
import { custom, flag, integer, mandatory, text, type Params, type Values } from '../params.ts'
import { operation, taking, type Action } from '../resource.ts'
import { interfaceOf, shownInterface } from './interface-path.ts'
import { subnetIdOf } from './interface-params.ts'

type Of = ReturnType<typeof interfaceOf>

/** One command, then the interface as it is. */
function action<P extends Params>(
  op: string,
  doc: string,
  params: P,
  make: (of: Of, values: Values<P>, state: RegionState) => Command,
): Action {
  return taking(
    params,
    (run) => operation('POST', op, { doc }, run),
    async (call, values) => {
      const state = await call.state()
      const of = interfaceOf(state, call)
      await call.propose(make(of, values, state))
      return shownInterface(call, of.id)
    },
  )
}

const LINK_MODES = ['auto', 'dhcp', 'static', 'link_up'] as const
/** Clients of MAAS write it in capitals as well as in small letters. */
const MODE = custom<(typeof LINK_MODES)[number]>(
  'How it gets its address, in either case.',
  { type: 'string', enum: [...LINK_MODES, ...LINK_MODES.map((mode) => mode.toUpperCase())] },
  (form, name) => {
    const given = (form.input.text(name) ?? '').toLowerCase()
    const found = LINK_MODES.find((mode) => mode === given)
    const text = `'${given.slice(0, 64)}' is not one of ${LINK_MODES.join(', ')}.`
    return found ?? form.report(name, text)
  },
  { required: true },
)
const ID_MAX = 2 ** 31 - 1
const ADDRESS = custom<NonNullable<ReturnType<Form['ip']>>>(
  'Address of a static link; the next free one unless given.',
  { type: 'string', maxLength: 64 },
  (form, name) => form.ip(name) ?? undefined,
)

const LINK = {
  mode: MODE,
  subnet: text('Subnet: id, CIDR or another specifier.'),
  ip_address: ADDRESS,
  force: flag('Drop its other links.'),
  default_gateway: flag('Its gateway becomes the default one.'),
}
const TAG = { tag: mandatory(text('The tag.', { max: 64, pattern: /^[^\s,]*$/ })) }

export const LINK_ACTIONS: readonly Action[] = [
  action('link_subnet', 'Link it to a subnet.', LINK, (of, values, state) => ({
    ...{ type: 'interface.link', ...of, mode: values.mode ?? 'link_up' },
    subnetId: subnetIdOf(state, values.subnet),
    ip: values.ip_address ?? null,
    force: values.force ?? false,
    defaultGateway: values.default_gateway ?? false,
  })),
  action(
    'unlink_subnet',
    'Take a link away.',
    { id: integer('Id of the link.', { required: true, min: 0, max: ID_MAX }) },
    (of, { id: linkId = -1 }) => ({ type: 'interface.unlink', ...of, linkId }),
  ),
  action('disconnect', 'Take its links and its VLAN away.', {}, (of) => ({
    ...{ type: 'interface.disconnect', ...of },
  })),
  action(
    'set_default_gateway',
    'Make the gateway of a link the default one.',
    { link_id: integer('Id of the link; the one with a gateway.', { min: 0, max: ID_MAX }) },
    (of, { link_id: linkId = null }) => ({ type: 'interface.setGateway', ...of, linkId }),
  ),
  action('add_tag', 'Give it a tag.', TAG, (of, { tag = '' }) => ({
    ...{ type: 'interface.tag', ...of, tag, isSet: true },
  })),
  action('remove_tag', 'Take a tag from it.', TAG, (of, { tag = '' }) => ({
    ...{ type: 'interface.tag', ...of, tag, isSet: false },
  })),
]
