// devices/: things on the network that nobody deploys. Users manage their own ones.
import { parseSystemId, type SystemId } from '#model/ids.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import type { Device } from '#model/objects.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { fieldError, forbidden, notFound, Rejection } from '../errors.ts'
import { freshSystemId, ID_DRAWS_MAX } from '../fresh-id.ts'
import { isUsable } from '../hardware-report.ts'
import { custom, text } from '../params.ts'
import { renderDevice } from '../render/device.ts'
import { create, operation, read, remove, taking, takingNothing, update } from '../resource.ts'
import type { Resource } from '../resource.ts'
import { isVisibleDevice } from '../visible.ts'
import { DEVICE_FILTERS, filterDevices } from './device-filters.ts'
import { present } from './fabrics.ts'
import { IS_REGISTERED } from './machines.ts'
import { domainIdIn } from './node-domain.ts'
import { OWNER_DATA, ownerDataAfter } from './owner-data.ts'
import { SET_ZONE, zoneIdNamed } from './set-zone.ts'
import { detailsOf } from './node-details.ts'

const MACS_MAX = 64

const macs = custom<readonly MacAddress[]>(
  'MAC addresses, repeated or with commas.',
  { type: 'array', items: { type: 'string' }, maxItems: MACS_MAX },
  (form, name) => {
    const texts = form.input.list(name)
    if (texts.length > MACS_MAX) return form.report(name, `At most ${MACS_MAX} MAC addresses.`)
    const found = new Set<MacAddress>()
    for (const given of texts) {
      const mac = parseMac(given)
      if (mac === undefined || !isUsable(mac)) {
        return form.report(name, `'${given.slice(0, 32)}' is not a valid MAC address.`)
      }
      found.add(mac)
    }
    return [...found]
  },
  { required: true },
)

const common = {
  hostname: text('Host name, unique; made from the system id when empty.', { max: 253 }),
  description: text('What it is.', { max: 4_096 }),
  domain: text('Name or id of its domain; the default one unless given.', { max: 253 }),
  parent: text('System id of the machine it is part of.', { max: 64 }),
}

function deviceOf(state: RegionState, call: Call): Device {
  const systemId = parseSystemId(call.param('system_id'))
  const device = systemId === undefined ? undefined : state.devices.get(systemId)
  if (device === undefined || !isVisibleDevice(call, device)) throw notFound('Device')
  return device
}

function parentOf(given: string | undefined): SystemId | null | undefined {
  if (given === undefined) return undefined
  if (given === '') return null
  const systemId = parseSystemId(given)
  if (systemId === undefined) throw fieldError('parent', 'There is no such machine.')
  return systemId
}

/** What follows the first dot is the domain: `node-domain.ts`. */
function hostnameOf(given: string | undefined): string | undefined {
  return given?.trim().toLowerCase().split('.', 1)[0]
}

function showAfter(call: Call, systemId: SystemId) {
  const state = call.after()
  const device = state.devices.get(systemId)
  return json(device === undefined ? { system_id: systemId } : renderDevice(state, device))
}

const CREATE = taking(
  { mac_addresses: macs, ...common },
  (run) => create('user', 'Add a device.', run),
  async (call, values) => {
    const domainId = domainIdIn(await call.state(), call.input)
    const fields = {
      hostname: hostnameOf(values.hostname) ?? '',
      description: values.description ?? '',
      parent: parentOf(values.parent) ?? null,
      ownerId: call.user.id,
      macs: values.mac_addresses ?? [],
      ...present({ domainId }),
    }
    for (let draw = 1; ; draw++) {
      const systemId = freshSystemId(call)
      try {
        await call.propose({ type: 'device.create', systemId, ...fields })
        return showAfter(call, deviceWith(call, fields.macs) ?? systemId)
      } catch (error) {
        // The only conflict of this command is an id that somebody else took in the meantime.
        const taken = error instanceof Rejection && error.code === 'CONFLICT'
        if (!taken || draw >= ID_DRAWS_MAX) throw error
      }
    }
  },
)

/** A repeated request with an Idempotency-Key drew another id than the first one, which counts. */
function deviceWith(call: Call, [mac]: readonly MacAddress[]): SystemId | undefined {
  return mac === undefined ? undefined : call.after().interfacesByMac.first(mac)?.systemId
}

const UPDATE = taking(
  { ...common, zone: text('Name of its zone.') },
  (run) => update('user', 'Change a device.', run),
  async (call, values) => {
    const state = await call.state()
    const { systemId, domainId } = deviceOf(state, call)
    const set = present({
      hostname: hostnameOf(values.hostname),
      description: values.description,
      parent: parentOf(values.parent),
      zoneId: values.zone === undefined ? undefined : zoneIdNamed(state, values.zone),
      domainId: domainIdIn(state, call.input, { domainId }),
    })
    await call.propose({ type: 'device.update', systemId, set })
    return showAfter(call, systemId)
  },
)

async function setOwnerData(call: Call, onlyOwn: boolean) {
  const device = deviceOf(await call.state(), call)
  if (onlyOwn && !call.isAdmin && device.ownerId !== call.user.id) throw forbidden()
  const ownerData = ownerDataAfter(device.ownerData, call.input)
  await call.propose({ type: 'device.update', systemId: device.systemId, set: { ownerData } })
  return showAfter(call, device.systemId)
}

/** Its interfaces are linked to nothing again. */
async function restore(call: Call) {
  const { systemId } = deviceOf(await call.state(), call)
  await call.propose({ type: 'interface.restore', systemId })
  return showAfter(call, systemId)
}

export const DEVICES: readonly Resource[] = [
  {
    name: 'DevicesHandler',
    anonName: 'AnonNodesHandler',
    path: 'devices/',
    doc: 'Manage devices.',
    actions: [
      taking(
        DEVICE_FILTERS,
        (run) => read('user', 'List devices.', run),
        async (call) => {
          const state = await call.state()
          const rows = filterDevices(state, call.input).filter((row) => isVisibleDevice(call, row))
          return jsonList(rows, (row) => renderDevice(state, row))
        },
      ),
      CREATE,
      IS_REGISTERED,
      SET_ZONE,
    ],
  },
  {
    name: 'DeviceHandler',
    path: 'devices/{system_id}/',
    doc: 'Manage one device.',
    actions: [
      read('user', 'Show a device.', async (call) => {
        const state = await call.state()
        return json(renderDevice(state, deviceOf(state, call)))
      }),
      detailsOf(async (call) => deviceOf(await call.state(), call)),
      UPDATE,
      remove('user', 'Delete a device.', async (call) => {
        const { systemId } = deviceOf(await call.state(), call)
        await call.propose({ type: 'device.delete', systemId })
        return NO_CONTENT
      }),
      operation(
        'GET',
        'power_parameters',
        { access: 'admin', doc: 'Show power parameters: a device has none.' },
        async (call) => {
          deviceOf(await call.state(), call)
          return json({})
        },
      ),
      takingNothing(
        operation(
          'POST',
          'restore_default_configuration',
          { access: 'admin', doc: 'Restore the default configuration.' },
          restore,
        ),
      ),
      takingNothing(
        operation(
          'POST',
          'restore_networking_configuration',
          { access: 'admin', doc: 'Restore the default network configuration.' },
          restore,
        ),
      ),
      taking(
        OWNER_DATA,
        (run) => operation('POST', 'set_owner_data', { doc: 'Set key and value pairs.' }, run),
        (call) => setOwnerData(call, false),
      ),
      taking(
        OWNER_DATA,
        (run) => {
          const doc = 'Set key and value pairs.'
          return operation('POST', 'set_workload_annotations', { doc }, run)
        },
        (call) => setOwnerData(call, true),
      ),
    ],
  },
]
