// rackcontrollers/ and regioncontrollers/.
import type { Controller } from '#model/machine.ts'
import { zoneOf } from '#state/object-query.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { renderController } from '../render/controller.ts'
import { list as listParam, text } from '../params.ts'
import { operation, read, remove, taking, update, type Action, type Resource } from '../resource.ts'
import { present } from './fabrics.ts'
import { IS_REGISTERED } from './machines.ts'
import { domainIdIn } from './node-domain.ts'
import { SET_ZONE, zoneIdNamed } from './set-zone.ts'
import { CONTROLLER_MODEL, controllerOf } from './controller-of.ts'
import { detailsOf } from './node-details.ts'
import { DESCRIBE_POWER_TYPES } from './power-types.ts'
import { IMPORT_BOOT_IMAGES, RACK_OPERATIONS } from './rack-operations.ts'
import { REMOVE_REGION } from './region-removal.ts'

type Kind = Controller['kind']

const FILTERS: Readonly<Record<string, (controller: Controller) => string>> = {
  id: ({ systemId }) => systemId,
  hostname: ({ hostname }) => hostname,
  domain: () => 'maas',
}

const LISTED = {
  id: listParam('Only these: system ids.'),
  hostname: listParam('Only these: host names.'),
  domain: listParam('Only those in these domains.'),
  mac_address: listParam('Only those with an interface of one of these.'),
  zone: listParam('Only those in these zones.'),
}

const MORE_FILTERS = new Set(['mac_address', 'zone'])

async function list(call: Call, kind: Kind) {
  const state = await call.state()
  const names = call.input.names().filter((name) => name !== 'op' && name !== 'consistency')
  const unknown = names.find((name) => !Object.hasOwn(FILTERS, name) && !MORE_FILTERS.has(name))
  if (unknown !== undefined) {
    const fields = { [unknown.slice(0, 64)]: ['No such constraint.'] }
    throw new Rejection('VALIDATION', 'No such constraint.', { fields })
  }
  const passes = (controller: Controller): boolean =>
    names.every((name) => {
      const wanted = call.input.list(name)
      if (name === 'zone') return wanted.includes(zoneOf(state, controller).name)
      const value = FILTERS[name]?.(controller)
      if (value !== undefined) return wanted.includes(value)
      return controller.interfaces.some(({ mac }) => wanted.includes(mac))
    })
  const rows = [...state.controllers.values()].filter((row) => row.kind === kind && passes(row))
  return json(rows.map((row) => renderController(state, row)))
}

/** For racks without an `id` too, unlike MAAS, which makes it mandatory. */
const ALL_POWER_PARAMETERS = taking(
  { id: listParam('System ids of racks; all by default.') },
  (run) => {
    const doc = 'Show power parameters of racks: they have none yet.'
    return operation('GET', 'power_parameters', { access: 'admin', doc }, run)
  },
  async (call, { id = [] }) => {
    const { controllers } = await call.state()
    const racks = [...controllers.values()].filter((row) => row.kind === 'rack')
    const wanted = racks.filter(({ systemId }) => id.length === 0 || id.includes(systemId))
    return json(Object.fromEntries(wanted.map(({ systemId }) => [systemId, {}])))
  },
)

/** A rack fetches what it is asked for: it can serve whatever the regions have. */
const BOOT_IMAGES = operation(
  'GET',
  'list_boot_images',
  { access: 'admin', doc: 'List the boot images that the rack can serve.' },
  async (call) => {
    const state = await call.state()
    const { connected } = controllerOf(state, call, 'rack')
    const rows = [...state.bootResources.values()].filter(({ files }) => files.length > 0)
    const images = rows.map(({ name, architecture, subarches = [] }) => {
      const [arch = architecture, subarch = 'generic'] = architecture.split('/')
      return { name, architecture: arch, subarches: [...new Set([subarch, ...subarches])] }
    })
    // Files that no region has told of can be given to no rack.
    const told = new Set([...state.bootFileHolders.values()].flatMap(({ sha256s }) => sha256s))
    const isWhole = rows.every(({ files }) => files.every(({ sha256 }) => told.has(sha256)))
    const status = isWhole ? 'synced' : 'out-of-sync'
    return json({ images, connected, status: connected ? status : 'unknown' })
  },
)

function changeOf(kind: Kind): Action {
  return taking(
    {
      description: text('What it is.', { max: 4_096 }),
      zone: text('Name of its zone.'),
      domain: text('Name or id of its domain.', { max: 253 }),
    },
    (run) => update('admin', `Change a ${kind} controller.`, run),
    async (call, { description, zone }) => {
      const state = await call.state()
      const { systemId, domainId: before } = controllerOf(state, call, kind)
      const domainId = domainIdIn(state, call.input, { domainId: before, keepsName: true })
      const zoneId = zone === undefined ? undefined : zoneIdNamed(state, zone)
      const set = present({ description, zoneId, domainId })
      await call.propose({ type: 'controller.update', systemId, set })
      const after = call.after()
      return json(renderController(after, controllerOf(after, call, kind)))
    },
  )
}

function resourcesOf(kind: Kind): readonly Resource[] {
  const name = CONTROLLER_MODEL[kind]
  const show = read('user', `Show a ${kind} controller.`, async (call) => {
    const state = await call.state()
    return json(renderController(state, controllerOf(state, call, kind)))
  })
  const forget = remove('admin', 'Forget a rack controller.', async (call) => {
    const { systemId } = controllerOf(await call.state(), call, kind)
    await call.propose({ type: 'rack.delete', systemId })
    return NO_CONTENT
  })
  const power = operation(
    'GET',
    'power_parameters',
    { access: 'admin', doc: 'Show power parameters: a controller has none yet.' },
    async (call) => {
      controllerOf(await call.state(), call, kind)
      return json({})
    },
  )
  return [
    {
      name: `${name}sHandler`,
      anonName: 'AnonNodesHandler',
      path: `${kind}controllers/`,
      doc: `List the ${kind} controllers.`,
      actions: [
        taking(
          LISTED,
          (run) => read('user', `List ${kind} controllers.`, run),
          (call) => list(call, kind),
        ),
        IS_REGISTERED,
        SET_ZONE,
        ...(kind === 'rack'
          ? [ALL_POWER_PARAMETERS, DESCRIBE_POWER_TYPES, IMPORT_BOOT_IMAGES]
          : []),
      ],
    },
    {
      name: `${name}Handler`,
      path: `${kind}controllers/{system_id}/`,
      doc: `Manage one ${kind} controller.`,
      actions: [
        ...[
          show,
          changeOf(kind),
          power,
          detailsOf(async (call) => controllerOf(await call.state(), call, kind)),
        ],
        ...(kind === 'rack' ? [forget, BOOT_IMAGES, ...RACK_OPERATIONS] : [REMOVE_REGION]),
      ],
    },
  ]
}

export const CONTROLLERS: readonly Resource[] = [...resourcesOf('rack'), ...resourcesOf('region')]
