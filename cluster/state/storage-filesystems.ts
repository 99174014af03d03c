// Filesystems on disks, partitions and made devices, and those that need none of these.
import type { Filesystem, FilesystemType, StorageRef } from '#model/storage.ts'
import { invalid, refuse } from './context.ts'
import type { Refusal } from './outcome.ts'
import {
  missing,
  newFilesystem,
  withFilesystem,
  type Desk,
  type Edit,
  type Edited,
} from './storage-edit.ts'
import { filesystemAt, niceName, refKey, usesOf, whyTaken } from './storage-parts.ts'

const SPECIAL: ReadonlySet<FilesystemType> = new Set<FilesystemType>(['ramfs', 'tmpfs'])
/** Characters that a label may have: of mke2fs(8), mkfs.xfs(8), mkfs.fat(8), mkswap(8), btrfs(5). */
const LABEL_MAX: Readonly<Record<FilesystemType, number>> = {
  ...{ ext2: 16, ext4: 16, xfs: 12, btrfs: 255, fat32: 11, vfat: 11, swap: 15, zfsroot: 255 },
  ...{ ramfs: 0, tmpfs: 0 },
}
const LABEL = /^[\w.+-]*$/
/** No blanks, quotes or backslashes: it stands in fstab and in scripts. */
const PATH = /^\/(?:[\w.+@:~=%-]+\/)*[\w.+@:~=%-]*$/
const OPTIONS = /^[\w.,:=/+@%-]{1,255}$/

export const formatPart: Edit<'storage.format'> = (desk, { at, fstype, uuid, label }) => {
  const refusal = missing(desk, at) ?? whyNotFormatted(desk, at, fstype)
  if (refusal !== null) return refusal
  if (label.length > LABEL_MAX[fstype] || !LABEL.test(label)) {
    const most = LABEL_MAX[fstype]
    return invalid('label', `Enter letters, digits, and any of _ . + -, ${most} at most.`)
  }
  const filesystem = newFilesystem(desk, fstype, { label, ...(uuid === undefined ? {} : { uuid }) })
  return { config: withFilesystem(desk, at, filesystem) }
}

function whyNotFormatted(desk: Desk, at: StorageRef, fstype: FilesystemType): Refusal | null {
  if (SPECIAL.has(fstype)) return invalid('fstype', `${fstype} has no device.`)
  const filesystem = filesystemAt(desk, at)
  if (filesystem?.mountPoint != null) {
    const what = 'partition' in at ? 'partition' : 'block device'
    const text = `Filesystem is mounted and cannot be formatted again.`
    return invalid('__all__', `${text} Unmount the filesystem before formatting the ${what}.`)
  }
  const why = filesystem === null ? whyTaken(desk, at) : null
  return why === null ? null : invalid('__all__', `It cannot be formatted: ${why}.`)
}

export const unformatPart: Edit<'storage.unformat'> = (desk, { at }) => {
  const refusal = missing(desk, at)
  if (refusal !== null) return refusal
  const what = 'partition' in at ? 'partition' : 'block device'
  const use = usesOf(desk.config).get(refKey(at))
  if (use !== undefined) {
    const nice = niceName(use)
    return bad(`Filesystem is part of a ${nice}, and cannot be unformatted.`)
  }
  const filesystem = filesystemAt(desk, at)
  if (filesystem === null) {
    return bad(`${'partition' in at ? 'Partition' : 'Block device'} is not formatted.`)
  }
  if (filesystem.mountPoint !== null) {
    const text = 'Filesystem is mounted and cannot be unformatted.'
    return bad(`${text} Unmount the filesystem before unformatting the ${what}.`)
  }
  return { config: withFilesystem(desk, at, null) }
}

/** MAAS's 400 with a sentence. */
function bad(message: string): Refusal {
  return refuse('VALIDATION', message)
}

export const mountPart: Edit<'storage.mount'> = (desk, { at, mountPoint, mountOptions }) => {
  const refusal = missing(desk, at)
  if (refusal !== null) return refusal
  if (usesOf(desk.config).has(refKey(at))) {
    const message = 'Filesystem is part of a filesystem group, and cannot be mounted.'
    return invalid('__all__', message)
  }
  const filesystem = filesystemAt(desk, at)
  if (filesystem === null) {
    return invalid('__all__', 'Cannot mount an unformatted partition or block device.')
  }
  // Swap is not anywhere in the tree.
  const isSwap = filesystem.fstype === 'swap'
  return mounted(desk, at, {
    ...{ ...filesystem, mountOptions },
    mountPoint: isSwap ? 'none' : (mountPoint ?? ''),
  })
}

function mounted(desk: Desk, at: StorageRef, filesystem: Filesystem): Edited {
  return whyNotMounted(filesystem) ?? { config: withFilesystem(desk, at, filesystem) }
}

function whyNotMounted({ mountPoint, mountOptions }: Filesystem): Refusal | null {
  const point = mountPoint ?? ''
  if (point === '') return invalid('mount_point', 'This field is required.')
  if (point !== 'none' && !isPath(point)) return invalid('mount_point', 'Enter an absolute path.')
  if (mountOptions !== null && !OPTIONS.test(mountOptions)) {
    return invalid('mount_options', 'Enter options of mount(8), with commas between them.')
  }
  return null
}

function isPath(point: string): boolean {
  if (point.length > 255 || !PATH.test(point)) return false
  const parts = point.split('/')
  return !parts.includes('..') && !parts.includes('.') && (point === '/' || !point.endsWith('/'))
}

export const unmountPart: Edit<'storage.unmount'> = (desk, { at }) => {
  const refusal = missing(desk, at)
  if (refusal !== null) return refusal
  const filesystem = filesystemAt(desk, at)
  if (filesystem === null) {
    return bad(`${'partition' in at ? 'Partition' : 'Block device'} is not formatted.`)
  }
  if (filesystem.mountPoint === null) return bad('Filesystem is already unmounted.')
  const next = { ...filesystem, mountPoint: null, mountOptions: null }
  return { config: withFilesystem(desk, at, next) }
}

export const mountSpecial: Edit<'storage.mountSpecial'> = (desk, command) => {
  const { fstype, mountPoint, mountOptions } = command
  if (!SPECIAL.has(fstype)) return invalid('fstype', `${fstype} needs a device.`)
  const filesystem = newFilesystem(desk, fstype, { mountPoint, mountOptions })
  const refusal = whyNotMounted(filesystem)
  if (refusal !== null) return refusal
  return { config: { ...desk.config, special: [...desk.config.special, filesystem] } }
}

export const unmountSpecial: Edit<'storage.unmountSpecial'> = ({ config }, { mountPoint }) => {
  const special = config.special.filter((each) => each.mountPoint !== mountPoint)
  if (special.length === config.special.length) {
    return invalid('mount_point', 'No special filesystem is mounted at this path.')
  }
  return { config: { ...config, special } }
}
