// format, unformat, mount and unmount: of block devices and of partitions alike (maas-api §9), and what is mounted
// without a device.
import type { FilesystemType, StorageRef } from '#model/storage.ts'
import { json, type Call } from '../call.ts'
import { choice, text } from '../params.ts'
import type { StorageView } from '../render/storage.ts'
import { operation, taking, type Action } from '../resource.ts'
import { shown, systemIdOf } from './find-machine.ts'
import { UUID, uuidFrom, viewAfter, viewOf } from './storage-names.ts'

const ON_DEVICES: readonly FilesystemType[] = [
  ...(['ext2', 'ext4', 'xfs', 'btrfs', 'fat32', 'vfat', 'swap', 'zfsroot'] as const),
]
const WITHOUT: readonly FilesystemType[] = ['ramfs', 'tmpfs']

/** What a call is about, and how it is shown afterwards. */
type Find = (
  view: StorageView,
  call: Call,
) => { readonly at: StorageRef; readonly show: (after: StorageView) => unknown }

const FORMAT = {
  fstype: choice('Kind of the filesystem.', ON_DEVICES, { required: true }),
  uuid: UUID,
  label: text('Label of the filesystem.'),
}
const OPTIONS = text('Options of mount(8), with commas between them.')
const MOUNT = { mount_point: text('Where; swap needs none.'), mount_options: OPTIONS }

/** The four, on what `find` finds. */
export function FILESYSTEM_ACTIONS(find: Find): readonly Action[] {
  return [
    taking(
      FORMAT,
      (run) => operation('POST', 'format', { doc: 'Make a filesystem.' }, run),
      async (call, { fstype = 'ext4', uuid, label = '' }) => {
        const view = await viewOf(call)
        const { systemId } = view
        const { at, show } = find(view, call)
        const type = 'storage.format'
        await call.propose({ type, systemId, at, fstype, label, ...uuidFrom(uuid) })
        return json(show(viewAfter(call, systemId)))
      },
    ),
    taking(
      MOUNT,
      (run) => operation('POST', 'mount', { doc: 'Mount the filesystem.' }, run),
      async (call, { mount_point: point = '', mount_options: options = '' }) => {
        const view = await viewOf(call)
        const { systemId } = view
        const { at, show } = find(view, call)
        await call.propose({
          ...{ type: 'storage.mount', systemId, at, mountPoint: point === '' ? null : point },
          mountOptions: options === '' ? null : options,
        })
        return json(show(viewAfter(call, systemId)))
      },
    ),
    undoing('unformat', 'Forget the filesystem.', find),
    undoing('unmount', 'Mount the filesystem no more.', find),
  ]
}

function undoing(op: 'unformat' | 'unmount', doc: string, find: Find): Action {
  return taking(
    {},
    (run) => operation('POST', op, { doc }, run),
    async (call) => {
      const view = await viewOf(call)
      const { systemId } = view
      const { at, show } = find(view, call)
      await call.propose({ type: `storage.${op}`, systemId, at })
      return json(show(viewAfter(call, systemId)))
    },
  )
}

const SPECIAL = {
  fstype: choice('Kind of the filesystem.', WITHOUT, { required: true }),
  mount_point: text('Where.', { required: true }),
  mount_options: OPTIONS,
  mount_option: text('The same; the name that some versions of MAAS describe.'),
}

/** Of machines: answers with the machine. */
export const SPECIAL_FILESYSTEMS: readonly Action[] = [
  taking(
    SPECIAL,
    (run) => operation('POST', 'mount_special', { doc: 'Mount a tmpfs or ramfs.' }, run),
    async (call, { fstype = 'tmpfs', mount_point: mountPoint = '', ...values }) => {
      const systemId = systemIdOf(call)
      const options = values.mount_options ?? values.mount_option ?? ''
      await call.propose({
        ...{ type: 'storage.mountSpecial', systemId, fstype, mountPoint },
        mountOptions: options === '' ? null : options,
      })
      return shown(call, systemId)
    },
  ),
  taking(
    { mount_point: text('Where.', { required: true }) },
    (run) => operation('POST', 'unmount_special', { doc: 'Unmount a tmpfs or ramfs.' }, run),
    async (call, { mount_point: mountPoint = '' }) => {
      const systemId = systemIdOf(call)
      await call.propose({ type: 'storage.unmountSpecial', systemId, mountPoint })
      return shown(call, systemId)
    },
  ),
]
