// nodes/{system_id}/volume-groups/ and vmfs-datastores/: groups of disks and partitions with a name (maas-api §9).
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { StorageGroup } from '#model/storage.ts'
import { groupOf, madeBy, nameOf } from '#state/storage-parts.ts'
import { json, jsonList, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import { list, mandatory, text } from '../params.ts'
import { renderGroup } from '../render/storage.ts'
import {
  create,
  operation,
  read,
  remove,
  taking,
  update,
  type Action,
  type Resource,
} from '../resource.ts'
import { shownDevice } from './block-devices.ts'
import {
  groupIn,
  groupsOf,
  MEMBERS,
  refsNamed,
  size,
  UUID,
  uuidFrom,
  viewAfter,
  viewOf,
} from './storage-names.ts'

const NAME = { name: text('Name of the group.', { required: true }), uuid: UUID }
export const CHANGED_MEMBERS = {
  add_block_devices: list('Block devices to add, by id or name.'),
  remove_block_devices: list('Block devices to take out.'),
  add_partitions: list('Partitions to add, by id or name.'),
  remove_partitions: list('Partitions to take out.'),
}

export function shownGroup(call: Call, systemId: SystemId, id: number): Answer {
  const view = viewAfter(call, systemId)
  const group = groupOf(view.config, id)
  if (group === undefined) throw notFound('FilesystemGroup')
  return json(renderGroup(view, group))
}

/** The list of a kind, one of it, and its end: what all kinds have. */
export function commonActions(kind: StorageGroup['kind'], name: string) {
  return {
    list: read('user', `List the ${name}s of a machine.`, async (call) => {
      const view = await viewOf(call)
      return jsonList(groupsOf(view, kind), (group) => renderGroup(view, group))
    }),
    show: read('user', `Show a ${name}.`, async (call) => {
      const view = await viewOf(call)
      return json(renderGroup(view, groupIn(view, call, kind)))
    }),
    remove: remove('admin', `Delete a ${name}.`, async (call) => {
      const view = await viewOf(call)
      const { id } = groupIn(view, call, kind)
      const { systemId } = view
      await call.propose({ type: 'storage.deleteGroup', systemId, id, kind })
      return NO_CONTENT
    }),
  }
}

function creating(kind: 'lvm' | 'vmfs6', doc: string): Action {
  return taking(
    { ...NAME, ...MEMBERS },
    (run) => create('admin', doc, run),
    async (call, { name = '', uuid, block_devices, partitions }) => {
      const view = await viewOf(call)
      const { systemId } = view
      const members = refsNamed(view, { block_devices, partitions })
      const type = 'storage.createGroup'
      const command = { type, systemId, kind, name, members, ...uuidFrom(uuid) } as const
      return shownGroup(call, systemId, (await call.propose(command)).id)
    },
  )
}

function updating(kind: 'lvm' | 'vmfs6', doc: string): Action {
  return taking(
    { ...NAME, ...CHANGED_MEMBERS },
    (run) => update('admin', doc, run),
    async (call, { name, uuid, ...values }) => {
      const view = await viewOf(call)
      const { systemId } = view
      const { id } = groupIn(view, call, kind)
      const { add_block_devices, add_partitions } = values
      const { remove_block_devices, remove_partitions } = values
      await call.propose({
        ...{ type: 'storage.updateGroup', systemId, id, kind, ...uuidFrom(uuid) },
        ...(name === undefined ? {} : { name }),
        add: refsNamed(view, { add_block_devices, add_partitions }),
        remove: refsNamed(view, { remove_block_devices, remove_partitions }),
      })
      return shownGroup(call, systemId, id)
    },
  )
}

const VOLUME = {
  name: text('Name of the logical volume.', { required: true }),
  uuid: UUID,
  size: size('Size of the volume; all that is left when absent.'),
}

const CREATE_VOLUME = taking(
  VOLUME,
  (run) => {
    const doc = 'Create a logical volume.'
    return operation('POST', 'create_logical_volume', { access: 'admin', doc }, run)
  },
  async (call, { name = '', uuid, size: sizeBytes = null }) => {
    const view = await viewOf(call)
    const { systemId } = view
    const group = groupIn(view, call, 'lvm').id
    const type = 'storage.createLogicalVolume'
    const command = { type, systemId, group, name, sizeBytes, ...uuidFrom(uuid) } as const
    const { id } = await call.propose(command)
    return shownDevice(call, systemId, id as BlockDeviceId)
  },
)

const DELETE_VOLUME = taking(
  { id: mandatory(text('Id or name of the logical volume.', { required: true })) },
  (run) => {
    const doc = 'Delete a logical volume.'
    return operation('POST', 'delete_logical_volume', { access: 'admin', doc }, run)
  },
  async (call) => {
    const wanted = call.input.mandatory('id')
    const view = await viewOf(call)
    const group = groupIn(view, call, 'lvm')
    const found = madeBy(view.config, group.id).find(
      ({ id, made }) =>
        String(id) === wanted || made?.name === wanted || nameOf(view, id) === wanted,
    )
    if (found === undefined) {
      // An earlier try of this very request deleted it.
      if (call.wasDone()) return NO_CONTENT
      throw fieldError('id', 'There is no such logical volume in the group.')
    }
    const { systemId } = view
    await call.propose({ type: 'blockDevice.delete', systemId, id: found.id })
    return NO_CONTENT
  },
)

const LVM = commonActions('lvm', 'volume group')
const VMFS = commonActions('vmfs6', 'datastore')

const GROUP: Resource = {
  ...{ name: 'VolumeGroupHandler', path: 'nodes/{system_id}/volume-group/{id}/' },
  doc: 'Manage one volume group.',
  actions: [
    ...[LVM.show, updating('lvm', 'Change a volume group.'), LVM.remove],
    ...[CREATE_VOLUME, DELETE_VOLUME],
  ],
}
const DATASTORE: Resource = {
  ...{ name: 'VmfsDatastoreHandler', path: 'nodes/{system_id}/vmfs-datastore/{id}/' },
  doc: 'Manage one VMFS datastore.',
  actions: [VMFS.show, updating('vmfs6', 'Change a datastore.'), VMFS.remove],
}

export const VOLUME_GROUPS: readonly Resource[] = [
  {
    ...{ name: 'VolumeGroupsHandler', path: 'nodes/{system_id}/volume-groups/' },
    doc: 'Manage the volume groups of a machine.',
    actions: [LVM.list, creating('lvm', 'Create a volume group.')],
  },
  GROUP,
  {
    ...{ name: 'VmfsDatastoresHandler', path: 'nodes/{system_id}/vmfs-datastores/' },
    doc: 'Manage the VMFS datastores of a machine.',
    actions: [VMFS.list, creating('vmfs6', 'Create a datastore.')],
  },
  DATASTORE,
]

export const VOLUME_GROUP_ALIASES: readonly Resource[] = [
  { ...GROUP, path: 'nodes/{system_id}/volume-groups/{id}/' },
  { ...DATASTORE, path: 'nodes/{system_id}/vmfs-datastores/{id}/' },
]
