// Verbs of machines that are about their storage as a whole; disks and partitions one by one: `ironraft api`.
import { field, flag, type Verb } from './noun.ts'

export const STORAGE_VERBS: readonly Verb[] = [
  {
    ...{ verb: 'set-storage-layout', op: 'set_storage_layout', summary: 'lay out its disks anew' },
    options: [
      field('storage-layout', 'LAYOUT', 'flat, lvm, bcache or blank'),
      field('boot-size', 'SIZE', 'of /boot, such as 1G or 10%; none when absent'),
      field('root-size', 'SIZE', 'of the root; all that is left when absent'),
      field('root-device', 'DISK', 'id or name of its disk; the boot disk when absent'),
      field('vg-name', 'NAME', 'lvm: volume group (vgroot)'),
      field('lv-name', 'NAME', 'lvm: logical volume (lvroot)'),
      field('lv-size', 'SIZE', 'lvm: of the volume; all of the group when absent'),
      field('cache-device', 'DISK', 'bcache: its disk; the smallest tagged ssd when absent'),
      field('cache-mode', 'MODE', 'bcache: writeback, writethrough or writearound'),
      field('cache-size', 'SIZE', 'bcache: of the cache; the whole disk when absent'),
      flag('cache-no-part', 'bcache: the cache is the disk itself'),
    ],
  },
  {
    ...{ verb: 'restore-storage-configuration', op: 'restore_storage_configuration' },
    summary: 'lay out its disks as after commissioning',
  },
  {
    ...{ verb: 'mount-special', op: 'mount_special', summary: 'mount a tmpfs or ramfs' },
    options: [
      field('fstype', 'TYPE', 'tmpfs or ramfs'),
      field('mount-point', 'PATH', 'where'),
      field('mount-options', 'OPTIONS', 'of mount(8), with commas between them'),
    ],
  },
  {
    ...{ verb: 'unmount-special', op: 'unmount_special', summary: 'unmount a tmpfs or ramfs' },
    options: [field('mount-point', 'PATH', 'where')],
  },
]
