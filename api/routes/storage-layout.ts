// What a machine does with its storage as a whole: a layout, the default one again, filesystems without a device.
import type { BlockDeviceId } from '#model/ids.ts'
import { STORAGE_LAYOUTS, type CacheMode, type LayoutWish } from '#model/storage.ts'
import { configOf } from '#state/config-keys.ts'
import type { RegionState } from '#state/state.ts'
import { choice, flag, text, type Values } from '../params.ts'
import type { StorageView } from '../render/storage.ts'
import { operation, taking, type Action } from '../resource.ts'
import { SPECIAL_FILESYSTEMS } from './filesystems.ts'
import { shown } from './find-machine.ts'
import { refNamed, share, viewOf } from './storage-names.ts'

const MODES: readonly CacheMode[] = ['writeback', 'writethrough', 'writearound']
const LAYOUT = {
  storage_layout: choice('Layout.', STORAGE_LAYOUTS, { required: true }),
  boot_size: share('Size of /boot; none when absent.'),
  root_size: share('Size of the root partition; all that is left when absent.'),
  root_device: text('Disk of the root, by id or name; the boot disk when absent.'),
  vg_name: text('lvm: name of the volume group, vgroot when absent.'),
  lv_name: text('lvm: name of the logical volume, lvroot when absent.'),
  lv_size: share('lvm: size of the logical volume; all of the group when absent.'),
  cache_device: text('bcache: disk of the cache; the smallest with the tag ssd when absent.'),
  cache_mode: choice('bcache: how writes are cached, writethrough when absent.', MODES),
  cache_size: share('bcache: size of the cache partition; the whole disk when absent.'),
  cache_no_part: flag('bcache: the cache is the disk itself.'),
}

function wishFrom(view: StorageView, values: Values<typeof LAYOUT>): LayoutWish {
  const { boot_size: bootSize, root_size: rootSize, lv_size: lvSize } = values
  const { vg_name: vgName = '', lv_name: lvName = '', cache_size: cacheSize } = values
  const { cache_mode: cacheMode, cache_no_part: cacheNoPart } = values
  const disk = (field: 'root_device' | 'cache_device'): BlockDeviceId | undefined => {
    const name = values[field] ?? ''
    return name === '' ? undefined : refNamed(view, name, { field, isPartition: false }).device
  }
  const rootDevice = disk('root_device')
  const cacheDevice = disk('cache_device')
  return {
    layout: values.storage_layout ?? 'flat',
    ...(bootSize === undefined ? {} : { bootSize }),
    ...(rootSize === undefined ? {} : { rootSize }),
    ...(rootDevice === undefined ? {} : { rootDevice }),
    ...(vgName === '' ? {} : { vgName }),
    ...(lvName === '' ? {} : { lvName }),
    ...(lvSize === undefined ? {} : { lvSize }),
    ...(cacheDevice === undefined ? {} : { cacheDevice }),
    ...(cacheMode === undefined ? {} : { cacheMode }),
    ...(cacheSize === undefined ? {} : { cacheSize }),
    ...(cacheNoPart === undefined ? {} : { cacheNoPart }),
  }
}

/** That the setting names. */
export function defaultLayout(state: RegionState): LayoutWish {
  const named = configOf(state, 'default_storage_layout')
  return { layout: STORAGE_LAYOUTS.find((each) => each === named) ?? 'flat' }
}

export const STORAGE_ACTIONS: readonly Action[] = [
  taking(
    LAYOUT,
    (run) => {
      const doc = 'Lay out the storage anew.'
      return operation('POST', 'set_storage_layout', { access: 'admin', doc }, run)
    },
    async (call, values) => {
      const view = await viewOf(call)
      const { systemId } = view
      const wish = wishFrom(view, values)
      await call.propose({ type: 'storage.setLayout', systemId, wish })
      return shown(call, systemId)
    },
  ),
  ...SPECIAL_FILESYSTEMS,
]
