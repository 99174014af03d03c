// nodes/{system_id}/blockdevices/{device_id}/partitions/ (maas-api §9).
import type { PartitionId, StorageRef } from '#model/storage.ts'
import { partitionOf } from '#state/storage-parts.ts'
import { json, jsonList, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { flag, mandatory, text, type Values } from '../params.ts'
import { renderPartition, type StorageView } from '../render/storage.ts'
import { create, operation, read, remove, taking, type Resource } from '../resource.ts'
import { FILESYSTEM_ACTIONS } from './filesystems.ts'
import { deviceIn, partitionIn, size, UUID, uuidFrom, viewAfter, viewOf } from './storage-names.ts'

const PARTITION = {
  size: size('Size of the partition; all that is left when absent.'),
  uuid: UUID,
  bootable: flag('Mark it as one to boot from.'),
}

async function createPartition(call: Call, values: Values<typeof PARTITION>): Promise<Answer> {
  const view = await viewOf(call)
  const { systemId } = view
  const { id: device } = deviceIn(view, call, 'device_id')
  const { id } = await call.propose({
    ...{ type: 'storage.createPartition', systemId, device, sizeBytes: values.size ?? null },
    ...{ bootable: values.bootable ?? false, ...uuidFrom(values.uuid) },
  })
  const partition = id as PartitionId
  return json(show(viewAfter(call, systemId), { device, partition }))
}

function show(view: StorageView, at: StorageRef) {
  const partition = partitionOf(view, at)
  if (partition === undefined) throw notFound('Partition')
  return renderPartition(view, at.device, partition)
}

function refIn(view: StorageView, call: Call) {
  const { device, partition } = partitionIn(view, call)
  return { device: device.id, partition: partition.id }
}

function atPartition(view: StorageView, call: Call) {
  const at = refIn(view, call)
  return { at, show: (after: StorageView) => show(after, at) }
}

function tagging(op: 'add_tag' | 'remove_tag', doc: string) {
  return taking(
    { tag: mandatory(text('The tag.', { required: true, max: 64 })) },
    (run) => operation('POST', op, { access: 'admin', doc }, run),
    async (call) => {
      const view = await viewOf(call)
      const { systemId } = view
      const at = refIn(view, call)
      const tag = call.input.mandatory('tag')
      await call.propose({ type: 'storage.tag', systemId, at, tag, isOn: op === 'add_tag' })
      return json(show(viewAfter(call, systemId), at))
    },
  )
}

const PARTITION_RESOURCE: Resource = {
  name: 'PartitionHandler',
  path: 'nodes/{system_id}/blockdevices/{device_id}/partition/{id}',
  doc: 'Manage one partition.',
  actions: [
    read('user', 'Show a partition.', async (call) => {
      const view = await viewOf(call)
      return json(show(view, refIn(view, call)))
    }),
    remove('admin', 'Delete a partition.', async (call) => {
      const view = await viewOf(call)
      const { systemId } = view
      await call.propose({ type: 'storage.deletePartition', systemId, ...refIn(view, call) })
      return NO_CONTENT
    }),
    tagging('add_tag', 'Give it a tag.'),
    tagging('remove_tag', 'Take a tag from it.'),
    ...FILESYSTEM_ACTIONS(atPartition),
  ],
}

export const PARTITIONS: readonly Resource[] = [
  {
    ...{ name: 'PartitionsHandler' },
    path: 'nodes/{system_id}/blockdevices/{device_id}/partitions/',
    doc: 'Manage the partitions of a block device.',
    actions: [
      read('user', 'List the partitions of a block device.', async (call) => {
        const view = await viewOf(call)
        const { id, table } = deviceIn(view, call, 'device_id')
        return jsonList(table?.partitions ?? [], (each) => renderPartition(view, id, each))
      }),
      taking(PARTITION, (run) => create('admin', 'Create a partition.', run), createPartition),
    ],
  },
  PARTITION_RESOURCE,
]

export const PARTITION_ALIASES: readonly Resource[] = [
  {
    ...PARTITION_RESOURCE,
    path: 'nodes/{system_id}/blockdevices/{device_id}/partitions/{id}',
  },
]
