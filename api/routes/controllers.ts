// rackcontrollers/ and regioncontrollers/.
import { parseSystemId } from '#model/ids.ts'
import type { Controller } from '#model/machine.ts'
import type { RegionState } from '#state/state.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { renderController } from '../render/controller.ts'
import { operation, read, remove, type Resource } from '../resource.ts'
import { isRegistered } from './machines.ts'

type Kind = Controller['kind']

const MODEL = { rack: 'RackController', region: 'RegionController' } as const

const FILTERS: Readonly<Record<string, (controller: Controller) => string>> = {
  id: ({ systemId }) => systemId,
  hostname: ({ hostname }) => hostname,
  zone: () => 'default',
  domain: () => 'maas',
}

async function list(call: Call, kind: Kind) {
  const state = await call.state()
  const names = call.input.names().filter((name) => name !== 'op' && name !== 'consistency')
  const unknown = names.find((name) => FILTERS[name] === undefined && name !== 'mac_address')
  if (unknown !== undefined) {
    const fields = { [unknown.slice(0, 64)]: ['No such constraint.'] }
    throw new Rejection('VALIDATION', 'No such constraint.', { fields })
  }
  const passes = (controller: Controller): boolean =>
    names.every((name) => {
      const wanted = call.input.list(name)
      const value = FILTERS[name]?.(controller)
      if (value !== undefined) return wanted.includes(value)
      return controller.interfaces.some(({ mac }) => wanted.includes(mac))
    })
  const rows = [...state.controllers.values()].filter((row) => row.kind === kind && passes(row))
  return json(rows.map((row) => renderController(state, row)))
}

function controllerOf(state: RegionState, call: Call, kind: Kind): Controller {
  const systemId = parseSystemId(call.param('system_id'))
  const controller = systemId === undefined ? undefined : state.controllers.get(systemId)
  if (controller === undefined || controller.kind !== kind) throw notFound(MODEL[kind])
  return controller
}

function resourcesOf(kind: Kind): readonly Resource[] {
  const name = MODEL[kind]
  const show = read('user', `Show a ${kind} controller.`, async (call) => {
    const state = await call.state()
    return json(renderController(state, controllerOf(state, call, kind)))
  })
  const forget = remove('admin', 'Forget a rack controller.', async (call) => {
    const { systemId } = controllerOf(await call.state(), call, kind)
    await call.propose({ type: 'rack.delete', systemId })
    return NO_CONTENT
  })
  const doc = 'Say whether a MAC address is known.'
  return [
    {
      name: `${name}sHandler`,
      path: `${kind}controllers/`,
      doc: `List the ${kind} controllers.`,
      actions: [
        read('user', `List ${kind} controllers.`, (call) => list(call, kind)),
        operation('GET', 'is_registered', { access: 'anyone', doc }, isRegistered),
      ],
    },
    {
      name: `${name}Handler`,
      path: `${kind}controllers/{system_id}/`,
      doc: `Manage one ${kind} controller.`,
      // A region leaves through its own command, so that the quorum is asked.
      actions: kind === 'rack' ? [show, forget] : [show],
    },
  ]
}

export const CONTROLLERS: readonly Resource[] = [...resourcesOf('rack'), ...resourcesOf('region')]
