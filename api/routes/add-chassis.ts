// `machines/?op=add_chassis`: machines of a controller that can list them are added by a rack. The answer comes when the
// wish is durable; what came of it is told by events ("Chassis added", "Failed to add chassis").
import { CHASSIS_TYPES, type ChassisType } from '#model/chassis.ts'
import type { SystemId } from '#model/ids.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { RegionState } from '#state/state.ts'
import { text as answerText } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import { flag, text, type Values } from '../params.ts'
import { operation, taking, type Action } from '../resource.ts'
import { domainIdIn } from './node-domain.ts'

const PARAMS = {
  chassis_type: text(`One of ${CHASSIS_TYPES.join(', ')}.`, { required: true, max: 64 }),
  hostname: text('Host, address or URL of the controller.', { required: true, max: 1_024 }),
  username: text('User of the controller.'),
  password: text('Password of the controller.', { max: 1_024 }),
  token_name: text('Name of a token of Proxmox.'),
  token_secret: text('Secret of that token.', { max: 1_024 }),
  verify_ssl: flag('Verify the certificate of the controller.'),
  accept_all: flag('Commission the machines at once.'),
  prefix_filter: text('Only machines whose name begins with it.'),
  rack_controller: text('System id or hostname of the rack that asks; default: any.'),
  domain: text('Domain of the machines.'),
  power_control: text('Of other kinds of chassis.'),
  protocol: text('Of other kinds of chassis.'),
  port: text('Of other kinds of chassis; here a part of hostname.', { max: 16 }),
}
type Given = Values<typeof PARAMS>

export const ADD_CHASSIS: Action = taking(
  PARAMS,
  (run) => operation('POST', 'add_chassis', { access: 'admin', doc: 'Add a chassis.' }, run),
  async (call, values) => {
    const chassisType = typeOf(values)
    const state = await call.state()
    await call.propose({
      ...{ type: 'chassis.add', chassisType, parameters: parametersOf(chassisType, values) },
      prefixFilter: values.prefix_filter ?? '',
      begin: values.accept_all === true ? DEFAULT_PROBE : null,
      rackId: rackIdOf(state, values.rack_controller),
      domainId: domainIdIn(state, call.input, { keepsName: true }) ?? null,
    })
    return answerText(`Asking ${values.hostname ?? ''} to add machines from chassis`)
  },
)

function typeOf({ chassis_type: given, ...values }: Given): ChassisType {
  const found = CHASSIS_TYPES.find((each) => each === given)
  if (found === undefined) {
    const known = CHASSIS_TYPES.join(', ')
    throw fieldError('chassis_type', `Racks can list the machines of ${known} only.`)
  }
  const others = ['power_control', 'protocol', 'port'] as const
  const tokens = found === 'proxmox' ? [] : (['token_name', 'token_secret'] as const)
  for (const name of [...others, ...tokens]) {
    if ((values[name] ?? '') === '') continue
    throw fieldError(name, `${name} can not be specified when using the ${found} chassis.`)
  }
  return found
}

function parametersOf(type: ChassisType, values: Given): Record<string, string> {
  const { hostname = '', username = '', password = '' } = values
  const address = { power_address: hostname }
  if (type === 'virsh') {
    if (username !== '') throw fieldError('username', 'The user of virsh is a part of its URI.')
    return password === '' ? address : { ...address, power_pass: password }
  }
  if (username === '') throw fieldError('username', `It is needed for the ${type} chassis.`)
  const access = {
    ...address,
    power_user: username,
    power_verify_ssl: values.verify_ssl === true ? 'y' : 'n',
  }
  const { token_name: name = '', token_secret: secret = '' } = values
  if (name !== '' && secret !== '') {
    return { ...access, power_token_name: name, power_token_secret: secret }
  }
  if (password === '') throw fieldError('password', `It is needed for the ${type} chassis.`)
  return { ...access, power_pass: password }
}

/** By system id or hostname, as MAAS has it: 404 for nobody's. */
function rackIdOf(state: RegionState, given = ''): SystemId | null {
  if (given === '') return null
  const racks = [...state.controllers.values()].filter(({ kind }) => kind === 'rack')
  const found = racks.find(({ systemId, hostname }) => given === systemId || given === hostname)
  if (found === undefined) throw notFound('RackController')
  return found.systemId
}
