// nodes/{system_id}/blockdevices/: disks, and devices made of others (maas-api §9).
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { StorageDevice } from '#model/storage.ts'
import { json, jsonList, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { integer, mandatory, text, type Values } from '../params.ts'
import { renderBlockDevice, type StorageView } from '../render/storage.ts'
import { create, operation, read, remove, taking, update, type Resource } from '../resource.ts'
import { FILESYSTEM_ACTIONS } from './filesystems.ts'
import { deviceIn, devicesOf, size, UUID, uuidFrom, viewAfter, viewOf } from './storage-names.ts'

const FACTS = {
  model: text('Model of the disk.'),
  serial: text('Its serial number.'),
  id_path: text('Path that is the same at every boot; needed without model and serial.'),
}
const DEVICE = {
  ...{ name: text('Name, such as sda.', { required: true }), ...FACTS },
  size: size('Size of the disk.', { required: true }),
  block_size: integer('Size of a block, bytes.', { required: true, min: 1, max: 2 ** 31 - 1 }),
}
const CHANGED = { ...DEVICE, uuid: UUID }

async function createDevice(call: Call, values: Values<typeof DEVICE>): Promise<Answer> {
  const { systemId } = await viewOf(call)
  const { id } = await call.propose({
    ...{ type: 'blockDevice.create', systemId },
    device: {
      ...{ name: values.name ?? '', model: values.model ?? '', serial: values.serial ?? '' },
      ...{ idPath: values.id_path ?? '', sizeBytes: values.size ?? 0 },
      ...{ blockSizeBytes: values.block_size ?? 0, tags: [] },
    },
  })
  return shownDevice(call, systemId, id as BlockDeviceId)
}

export function shownDevice(call: Call, systemId: SystemId, id: BlockDeviceId): Answer {
  return json(renderBlockDevice(viewAfter(call, systemId), id))
}

async function updateDevice(call: Call, values: Values<typeof CHANGED>): Promise<Answer> {
  const view = await viewOf(call)
  const { systemId } = view
  const { id, made } = deviceIn(view, call)
  if (made === null) {
    const set = {
      ...(values.name === undefined ? {} : { name: values.name }),
      ...(values.model === undefined ? {} : { model: values.model }),
      ...(values.serial === undefined ? {} : { serial: values.serial }),
      ...(values.id_path === undefined ? {} : { idPath: values.id_path }),
      ...(values.size === undefined ? {} : { sizeBytes: values.size }),
      ...(values.block_size === undefined ? {} : { blockSizeBytes: values.block_size }),
    }
    await call.propose({ type: 'blockDevice.update', systemId, id, set })
    return shownDevice(call, systemId, id)
  }
  await call.propose({
    ...{ type: 'storage.updateDevice', systemId, id, ...uuidFrom(values.uuid) },
    ...(values.name === undefined ? {} : { name: values.name }),
    ...(values.size === undefined ? {} : { sizeBytes: values.size }),
  })
  return shownDevice(call, systemId, id)
}

async function deleteDevice(call: Call): Promise<Answer> {
  const view = await viewOf(call)
  const { id } = deviceIn(view, call)
  await call.propose({ type: 'blockDevice.delete', systemId: view.systemId, id })
  return NO_CONTENT
}

const TAG = { tag: mandatory(text('The tag.', { required: true, max: 64 })) }

function tagging(op: 'add_tag' | 'remove_tag', doc: string) {
  return taking(
    TAG,
    (run) => operation('POST', op, { access: 'admin', doc }, run),
    async (call) => {
      const view = await viewOf(call)
      const { id } = deviceIn(view, call)
      const { systemId } = view
      const tag = call.input.mandatory('tag')
      const isOn = op === 'add_tag'
      await call.propose({ type: 'storage.tag', systemId, at: { device: id }, tag, isOn })
      return shownDevice(call, systemId, id)
    },
  )
}

async function setBootDisk(call: Call): Promise<Answer> {
  const view = await viewOf(call)
  const { id } = deviceIn(view, call)
  await call.propose({ type: 'storage.setBootDisk', systemId: view.systemId, id })
  return shownDevice(call, view.systemId, id)
}

/** Where the filesystem calls of a block device are. */
function atDevice(view: StorageView, call: Call) {
  const { id } = deviceIn(view, call)
  const show = (after: StorageView) => {
    const device = devicesOf(after).find((each) => each.id === id)
    if (device === undefined) throw notFound('BlockDevice')
    return renderBlockDevice(after, id)
  }
  return { at: { device: id }, show }
}

export const BLOCK_DEVICES: readonly Resource[] = [
  {
    ...{ name: 'BlockDevicesHandler', path: 'nodes/{system_id}/blockdevices/' },
    doc: 'Manage the disks of a machine.',
    actions: [
      read('user', 'List the block devices of a machine.', async (call) => {
        const view = await viewOf(call)
        const render = ({ id }: StorageDevice) => renderBlockDevice(view, id)
        return jsonList(devicesOf(view), render)
      }),
      taking(DEVICE, (run) => create('admin', 'Add a disk.', run), createDevice),
    ],
  },
  {
    ...{ name: 'BlockDeviceHandler', path: 'nodes/{system_id}/blockdevices/{id}/' },
    doc: 'Manage one block device.',
    actions: [
      read('user', 'Show a block device.', async (call) => {
        const view = await viewOf(call)
        return json(renderBlockDevice(view, deviceIn(view, call).id))
      }),
      taking(CHANGED, (run) => update('admin', 'Change a block device.', run), updateDevice),
      remove('admin', 'Delete a block device.', deleteDevice),
      tagging('add_tag', 'Give it a tag.'),
      tagging('remove_tag', 'Take a tag from it.'),
      taking(
        {},
        (run) => {
          const doc = 'Boot from this disk.'
          return operation('POST', 'set_boot_disk', { access: 'admin', doc }, run)
        },
        setBootDisk,
      ),
      ...FILESYSTEM_ACTIONS(atDevice),
    ],
  },
]
