// Operations on machines as a whole: allocation, and what is done with many at once (maas-api §10.1, §10.2).
import type { ConstraintsByType } from '#model/machine-constraints.ts'
import { parseSystemId, type SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S, MACHINE_STATUS_NAMES, type Machine } from '#model/machine.ts'
import { chooseMachine, nothingFits } from '#state/choose-machine.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, type Answer, type Call } from '../call.ts'
import { fieldError, forbidden, notFound, Rejection } from '../errors.ts'
import { flag, list, text } from '../params.ts'
import { renderMachine } from '../render/machine.ts'
import { operation, taking, type Action } from '../resource.ts'
import { isVisibleMachine } from '../visible.ts'
import { ADD_CHASSIS } from './add-chassis.ts'
import { BRIDGES, bridgesAsked } from './bridge-params.ts'
import { CLONE_MACHINE } from './clone.ts'
import { readConstraints } from './machine-constraints.ts'

const REPEATED = 'Repeated, or with commas.'

/** Read by `readConstraints`; declared for describe and OpenAPI. */
const CONSTRAINTS = {
  name: text('Hostname, with its domain or without.', { max: 253 }),
  system_id: text('System id of the machine.', { max: 64 }),
  arch: list('Architectures such as amd64 or amd64/generic.'),
  cpu_count: text('CPUs at least.', { max: 32 }),
  mem: text('Memory at least, MiB.', { max: 32 }),
  tags: list(`Tags that it has, all of them. ${REPEATED}`),
  not_tags: list('Tags of which it has none.'),
  zone: list('Names of zones, one of which it is in.'),
  not_in_zone: list('Names of zones that it is not in.'),
  pool: list('Names of pools, one of which it is in.'),
  not_in_pool: list('Names of pools that it is not in.'),
  pod: text('A pod; none has machines here.'),
  not_pod: text('Not of a pod.'),
  pod_type: text('A kind of pods.'),
  not_pod_type: text('Not of such a pod.'),
  subnets: list('Specifiers of subnets that it is on, all of them.', { itemMax: 1_024 }),
  not_subnets: list('Those that it is not on.', { itemMax: 1_024 }),
  vlans: list('Specifiers of VLANs that it is on, all of them.', { itemMax: 1_024 }),
  not_vlans: list('Those that it is not on.', { itemMax: 1_024 }),
  fabrics: list('Fabrics, one of which it is on.', { itemMax: 1_024 }),
  not_fabrics: list('Those that it is not on.', { itemMax: 1_024 }),
  fabric_classes: list('Classes of fabrics, one of which it is on.'),
  not_fabric_classes: list('Those that it is not on.'),
  storage: list('label:size(tag,…),… in GB; the first is the boot disk.', { itemMax: 4_096 }),
  interfaces: text('label:key=value,…;…', { max: 4_096 }),
  devices: text('PCI or USB devices; none are known.', { max: 4_096 }),
  agent_name: text('What the machine is for.'),
  comment: text('Why, for the event list.', { max: 1_024 }),
  dry_run: flag('Say which it would be, and change nothing.'),
  verbose: flag('Say how it fulfils the constraints.'),
  ...BRIDGES,
}

const ALLOCATE = taking(
  CONSTRAINTS,
  (run) => operation('POST', 'allocate', { doc: 'Get a machine that fits.' }, run),
  async (call, values) => {
    const { agent_name: agentName = '', comment = '', dry_run: dryRun, verbose } = values
    const state = await call.state()
    const { constraints, asked } = readConstraints(state, call.input)
    if (dryRun === true) {
      const choice = chooseMachine(state, constraints)
      if (choice === null) throw new Rejection('CONFLICT', nothingFits(constraints, asked))
      return allocated(state, choice.machine, choice.constraintsByType, verbose)
    }
    const made = await call.propose({
      ...{ type: 'machine.allocate', constraints, asked, agentName, comment },
      ...bridgesAsked(values),
    })
    const after = call.after()
    const machine = after.machines.get(made.systemId)
    if (machine === undefined) return json({ system_id: made.systemId })
    return allocated(after, machine, made.constraintsByType, verbose)
  },
)

function allocated(
  state: RegionState,
  machine: Machine,
  { storage, interfaces }: ConstraintsByType,
  verbose = false,
): Answer {
  const { systemId } = machine
  const constraintsByType = {
    ...(Object.keys(storage).length === 0 ? {} : { storage }),
    ...(Object.keys(interfaces).length === 0 ? {} : { interfaces }),
    ...(verbose
      ? { verbose_storage: { [systemId]: storage }, verbose_interfaces: { [systemId]: interfaces } }
      : {}),
  }
  // The older form: id of the disk → label.
  const map = Object.entries(storage).flatMap(([label, ids]) => ids.map((id) => [id, label]))
  return json({
    ...renderMachine(state, machine),
    constraints_by_type: constraintsByType,
    ...(verbose ? { constraint_map: Object.fromEntries(map) as unknown } : {}),
  })
}

function systemIds(given: readonly string[]): readonly SystemId[] {
  return given.map((text) => {
    const systemId = parseSystemId(text)
    if (systemId !== undefined) return systemId
    throw fieldError('machines', `Unknown machine(s): ${text.slice(0, 64)}.`)
  })
}

const MACHINES = { machines: list('System ids of the machines.', { required: true }) }

const RELEASE = taking(
  {
    ...MACHINES,
    comment: text('Why, for the event list.', { max: 1_024 }),
    erase: flag('Erase the disks; default: by the setting.'),
    secure_erase: flag('By the means of the disk.'),
    quick_erase: flag('Only its beginning and end.'),
  },
  (run) => operation('POST', 'release', { doc: 'Give machines back, all or none.' }, run),
  async (call, { machines = [], comment = '', erase, ...how }) => {
    const released = await call.propose({
      ...{ type: 'machine.releaseAll', systemIds: systemIds(machines), comment },
      ...(erase === undefined ? {} : { erase }),
      ...(how.secure_erase === undefined ? {} : { secureErase: how.secure_erase }),
      ...(how.quick_erase === undefined ? {} : { quickErase: how.quick_erase }),
    })
    return json(released.systemIds)
  },
)

async function accept(call: Call, ids: readonly SystemId[] | null): Promise<Answer> {
  const accepted = await call.propose({ type: 'machine.accept', systemIds: ids })
  const state = call.after()
  const machines = accepted.systemIds.flatMap((id) => state.machines.get(id) ?? [])
  return jsonList(machines, (machine) => renderMachine(state, machine))
}

const ACCEPT = taking(
  MACHINES,
  (run) => operation('POST', 'accept', { access: 'admin', doc: 'Commission new machines.' }, run),
  (call, { machines = [] }) => accept(call, systemIds(machines)),
)

const ACCEPT_ALL = operation(
  'POST',
  'accept_all',
  { access: 'admin', doc: 'Commission every new machine.' },
  (call) => accept(call, null),
)

const POWER_PARAMETERS = taking(
  { id: list('System ids of the machines.', { required: true }) },
  (run) =>
    operation('GET', 'power_parameters', { access: 'admin', doc: 'Show power parameters.' }, run),
  async (call, { id = [] }) => {
    const state = await call.state()
    const machines = id.flatMap((each) => state.machines.get(each as SystemId) ?? [])
    return json(Object.fromEntries(machines.map((row) => [row.systemId, row.powerParameters])))
  },
)

const DEPLOYMENT: ReadonlySet<number> = new Set([S.DEPLOYING, S.DEPLOYED, S.FAILED_DEPLOYMENT])

const DEPLOYMENT_STATUS = taking(
  { machines: list('System ids of the machines.'), nodes: list('The same.') },
  (run) => operation('GET', 'deployment_status', { doc: 'Show how deployments went.' }, run),
  async (call, { machines = [], nodes = [] }) => {
    const state = await call.state()
    const entries = systemIds([...machines, ...nodes]).map((id) => {
      const machine = state.machines.get(id)
      if (machine === undefined) throw notFound('Machine')
      if (!isVisibleMachine(call, machine)) throw forbidden()
      const { status } = machine
      const name = MACHINE_STATUS_NAMES[status]
      return [id, DEPLOYMENT.has(status) ? name : 'Not in Deployment'] as const
    })
    return json(Object.fromEntries(entries))
  },
)

export const MACHINES_ACTIONS: readonly Action[] = [
  ADD_CHASSIS,
  CLONE_MACHINE,
  ...[ALLOCATE, RELEASE, ACCEPT, ACCEPT_ALL, POWER_PARAMETERS, DEPLOYMENT_STATUS],
]
