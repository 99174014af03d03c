// What can be done with a node of any kind in `nodes/` besides what `machines.ts` has: it is done by the node's own
// resource, and those of devices and controllers import `machines.ts`.
import { parseSystemId } from '#model/ids.ts'
import type { Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { taking, update, type Action, type Resource } from '../resource.ts'
import { CONTROLLERS } from './controllers.ts'
import { DEVICES } from './devices.ts'
import { detailsOf } from './node-details.ts'

const NODE = 'nodes/{system_id}/'

/** `machines` with `PUT`, `op=details`, `mark_broken` and `mark_fixed` of `nodes/{system_id}/`. */
export function withNodeActions(machines: readonly Resource[]): readonly Resource[] {
  const show = actionOf(machines, NODE, 'GET')
  const more = [
    updateOf(machines),
    detailsOf(async (call) => show.run(call)),
    ...['mark_broken', 'mark_fixed'].map((op) => markOf(machines, op)),
  ]
  return machines.map((resource) =>
    resource.path === NODE ? { ...resource, actions: [...resource.actions, ...more] } : resource,
  )
}

/** Of early MAAS 2.0, for machines and, with what they say to it, racks. */
function markOf(machines: readonly Resource[], op: string): Action {
  const own = actionOf(machines, 'machines/{system_id}/', 'POST', op)
  const ofRack = actionOf(CONTROLLERS, 'rackcontrollers/{system_id}/', 'POST', op)
  return {
    ...own,
    run: async (call) => {
      const { controllers, machines: known } = await call.state()
      const systemId = parseSystemId(call.param('system_id'))
      if (systemId === undefined) throw notFound('Node')
      if (controllers.get(systemId)?.kind === 'rack') return ofRack.run(call)
      if (!known.has(systemId)) throw notFound('Node')
      return own.run(call)
    },
  }
}

/** PUT of early MAAS 2.0, for administrators: what the node's own resource does with it. */
function updateOf(machines: readonly Resource[]): Action {
  const own = {
    machine: actionOf(machines, 'machines/{system_id}/', 'PUT'),
    device: actionOf(DEVICES, 'devices/{system_id}/', 'PUT'),
    rack: actionOf(CONTROLLERS, 'rackcontrollers/{system_id}/', 'PUT'),
    region: actionOf(CONTROLLERS, 'regioncontrollers/{system_id}/', 'PUT'),
  }
  const kindOf = async (call: Call): Promise<keyof typeof own> => {
    const { controllers, devices } = await call.state()
    const systemId = parseSystemId(call.param('system_id'))
    if (systemId === undefined) throw notFound('Node')
    return controllers.get(systemId)?.kind ?? (devices.has(systemId) ? 'device' : 'machine')
  }
  const action = taking(
    {},
    (run) => update('admin', 'Change a node, as its own resource does.', run),
    async (call) => own[await kindOf(call)].run(call),
  )
  const params = Object.values(own).map((each) => each.params ?? {})
  return { ...action, params: Object.assign({}, ...params) as NonNullable<Action['params']> }
}

function actionOf(
  resources: readonly Resource[],
  path: string,
  ...[method, op = null]: readonly [method: string, op?: string | null]
): Action {
  const resource = resources.find((each) => each.path === path)
  const action = resource?.actions.find((each) => each.method === method && each.op === op)
  if (action === undefined) throw new Error(`${path} has no ${method}`)
  return action
}
