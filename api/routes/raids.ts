// nodes/{system_id}/raids/ (maas-api §9).
import type { RaidLevel } from '#model/storage.ts'
import { choice, list, text } from '../params.ts'
import { create, taking, update, type Resource } from '../resource.ts'
import { groupIn, MEMBERS, refsNamed, UUID, uuidFrom, viewOf } from './storage-names.ts'
import { CHANGED_MEMBERS, commonActions, shownGroup } from './volume-groups.ts'

const LEVELS: readonly RaidLevel[] = ['raid-0', 'raid-1', 'raid-5', 'raid-6', 'raid-10']
const NAME = { name: text('Name; md0, md1, … when absent.'), uuid: UUID }

const CREATE = taking(
  {
    ...{ ...NAME, level: choice('Level.', LEVELS, { required: true }), ...MEMBERS },
    spare_devices: list('Block devices that wait to replace one, by id or name.'),
    spare_partitions: list('Partitions that wait to replace one, by id or name.'),
  },
  (run) => create('admin', 'Create a RAID.', run),
  async (call, { name = '', uuid, level = 'raid-1', ...values }) => {
    const view = await viewOf(call)
    const { systemId } = view
    const { block_devices, partitions, spare_devices, spare_partitions } = values
    const { id } = await call.propose({
      ...{ type: 'storage.createRaid', systemId, level, ...uuidFrom(uuid) },
      ...(name === '' ? {} : { name }),
      members: refsNamed(view, { block_devices, partitions }),
      spares: refsNamed(view, { spare_devices, spare_partitions }),
    })
    return shownGroup(call, systemId, id)
  },
)

const UPDATE = taking(
  {
    ...{ ...NAME, ...CHANGED_MEMBERS },
    add_spare_devices: list('Block devices to add as spares.'),
    remove_spare_devices: list('Block devices that are to be spares no more.'),
    add_spare_partitions: list('Partitions to add as spares.'),
    remove_spare_partitions: list('Partitions that are to be spares no more.'),
  },
  (run) => update('admin', 'Change a RAID.', run),
  async (call, { name = '', uuid, ...values }) => {
    const view = await viewOf(call)
    const { systemId } = view
    const { id } = groupIn(view, call, 'raid')
    const { add_block_devices, add_partitions, remove_block_devices, remove_partitions } = values
    const { add_spare_devices, add_spare_partitions } = values
    const { remove_spare_devices, remove_spare_partitions } = values
    await call.propose({
      ...{ type: 'storage.updateRaid', systemId, id, ...uuidFrom(uuid) },
      ...(name === '' ? {} : { name }),
      add: refsNamed(view, { add_block_devices, add_partitions }),
      remove: refsNamed(view, { remove_block_devices, remove_partitions }),
      addSpares: refsNamed(view, { add_spare_devices, add_spare_partitions }),
      removeSpares: refsNamed(view, { remove_spare_devices, remove_spare_partitions }),
    })
    return shownGroup(call, systemId, id)
  },
)

const COMMON = commonActions('raid', 'RAID')
const RAID: Resource = {
  ...{ name: 'RaidHandler', path: 'nodes/{system_id}/raid/{id}/', doc: 'Manage one RAID.' },
  actions: [COMMON.show, UPDATE, COMMON.remove],
}

export const RAIDS: readonly Resource[] = [
  {
    ...{ name: 'RaidsHandler', path: 'nodes/{system_id}/raids/' },
    doc: 'Manage the RAIDs of a machine.',
    actions: [COMMON.list, CREATE],
  },
  RAID,
]

export const RAID_ALIASES: readonly Resource[] = [
  { ...RAID, path: 'nodes/{system_id}/raids/{id}/' },
]
