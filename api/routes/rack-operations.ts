// What MAAS can ask of a rack controller as of a machine: its power, tests, images. A rack is not deployed and has no
// power type here, so most of it is refused, each with its reason; nothing is changed by any of them.
import type { Controller } from '#model/machine.ts'
import { json, text, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { operation, taking, type Action } from '../resource.ts'
import { controllerOf } from './controller-of.ts'

async function rackOf(call: Call): Promise<Controller> {
  return controllerOf(await call.state(), call, 'rack')
}

/** An operation without parameters. */
function plain(
  [method, op]: readonly ['GET' | 'POST', string],
  described: { readonly access?: 'admin'; readonly doc: string },
  run: Action['run'],
): Action {
  return taking({}, (own) => operation(method, op, described, own), run)
}

/** 409, as MAAS answers what the state of a node does not allow; `why` follows the rack's name. */
function refused(op: string, doc: string, why: string): Action {
  return plain(['POST', op], { access: 'admin', doc }, async (call): Promise<Answer> => {
    const { hostname } = await rackOf(call)
    throw new Rejection('CONFLICT', `Rack ${hostname} ${why}.`)
  })
}

const ACCEPTED = 202
const ON_DEMAND = 'Racks fetch boot images as machines ask for them; nothing has to be imported.'

export const IMPORT_BOOT_IMAGES: Action = plain(
  ['POST', 'import_boot_images'],
  { access: 'admin', doc: 'Import boot images on all racks: they fetch them by themselves.' },
  async (call) => {
    await call.state()
    return text(ON_DEMAND, ACCEPTED)
  },
)

const importOnOne = plain(
  ['POST', 'import_boot_images'],
  { access: 'admin', doc: 'Import boot images on the rack: it fetches them by itself.' },
  async (call) => {
    await rackOf(call)
    return text(ON_DEMAND, ACCEPTED)
  },
)

const queryPowerState = plain(
  ['GET', 'query_power_state'],
  { doc: 'Ask for the power state of the rack.' },
  async (call) => {
    await rackOf(call)
    return json({ state: 'unknown' })
  },
)

const refresh = plain(
  ['POST', 'refresh'],
  { access: 'admin', doc: 'Ask the rack for its hardware: it tells by itself when it connects.' },
  async (call) => {
    const { hostname, connected } = await rackOf(call)
    if (connected) return text(`Rack ${hostname} reports its hardware whenever it connects.`)
    const message = `Rack ${hostname} is not connected.`
    throw new Rejection('CONFLICT', message, { status: 503, retryAfterSeconds: 10 })
  },
)

const NO_POWER = 'has no power type: it is turned on and off by hand'

export const RACK_OPERATIONS: readonly Action[] = [
  ...[queryPowerState, refresh, importOnOne],
  refused('power_on', 'Turn the rack on.', NO_POWER),
  refused('power_off', 'Turn the rack off.', NO_POWER),
  refused('abort', 'Abort what is under way on the rack.', 'does nothing that could be aborted'),
  refused('test', 'Run test scripts on the rack.', 'runs no scripts'),
  refused(
    'override_failed_testing',
    'Take the rack for good though its tests failed.',
    'has no failed tests',
  ),
  refused('mark_broken', 'Mark the rack as broken.', 'serves or is lost; it is not marked'),
  refused('mark_fixed', 'Mark the rack as fixed.', 'is not marked as broken'),
]
