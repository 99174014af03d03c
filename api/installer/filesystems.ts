// Filesystems: how each is made, and its line in fstab. Names of filesystems (UUID, label) are the layout's, so what
// the region tells of a machine is true of its disks.
import type { Filesystem, FilesystemType } from '#model/storage.ts'
import { type Word, call } from './shell.ts'

/** In characters, of mkfs. */
const LABEL_MAX: Readonly<Record<FilesystemType, number>> = {
  ext2: 16,
  ext4: 16,
  xfs: 12,
  btrfs: 255,
  fat32: 11,
  vfat: 11,
  swap: 15,
  zfsroot: 0,
  ramfs: 0,
  tmpfs: 0,
}

export function isFat(fstype: FilesystemType): boolean {
  return fstype === 'fat32' || fstype === 'vfat'
}

/** A sentence, or undefined: it can be made. */
export function filesystemProblem({ fstype, uuid, label, mountPoint }: Filesystem) {
  if (fstype === 'zfsroot') return 'zfsroot is not supported'
  const hasDevice = fstype !== 'ramfs' && fstype !== 'tmpfs'
  if (hasDevice && !isUuid(uuid)) return `${fstype} has no UUID`
  if (hasDevice && label.length > LABEL_MAX[fstype]) {
    return `the label of ${fstype} is longer than ${LABEL_MAX[fstype]} characters`
  }
  if (mountPoint === null || fstype === 'swap') return undefined
  return isPath(mountPoint) ? undefined : 'a mount point is not a plain absolute path'
}

export function isUuid(text: string): boolean {
  return /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text)
}

function isPath(text: string): boolean {
  const parts = text.split('/').slice(1)
  if (text === '/') return true
  return text.startsWith('/') && !parts.some((part) => ['', '.', '..'].includes(part))
}

/** Undefined: nothing to make (ramfs, tmpfs). */
export function mkfs(filesystem: Filesystem, device: Word): string | undefined {
  const { fstype, uuid, label } = filesystem
  const labelled = (option: string): readonly string[] => (label === '' ? [] : [option, label])
  switch (fstype) {
    case 'ext2':
    case 'ext4':
      return call(`mkfs.${fstype}`, '-q', '-F', '-U', uuid, ...labelled('-L'), device)
    case 'xfs':
      return call('mkfs.xfs', '-q', '-f', '-m', `uuid=${uuid}`, ...labelled('-L'), device)
    case 'btrfs':
      return call('mkfs.btrfs', '-q', '-f', '-U', uuid, ...labelled('-L'), device)
    case 'fat32':
    case 'vfat': {
      const volume = uuid.slice(0, 8)
      return call('mkfs.vfat', '-F', 32, '-i', volume, ...labelled('-n'), device)
    }
    case 'swap':
      return call('mkswap', '-q', '-f', '-U', uuid, ...labelled('-L'), device)
    case 'zfsroot':
    case 'ramfs':
    case 'tmpfs':
      return undefined
    default:
      return fstype satisfies never
  }
}

/** As fstab and GRUB know it: FAT has only 32 bits of it. */
export function uuidOf({ fstype, uuid }: Filesystem): string {
  if (!isFat(fstype)) return uuid
  return `${uuid.slice(0, 4)}-${uuid.slice(4, 8)}`.toUpperCase()
}

/** fstab(5). Undefined: not mounted. */
export function fstabLine(filesystem: Filesystem): string | undefined {
  const { fstype, mountPoint, mountOptions } = filesystem
  const isSwap = fstype === 'swap'
  if (mountPoint === null && !isSwap) return undefined
  const isSpecial = fstype === 'ramfs' || fstype === 'tmpfs'
  const options = mountOptions ?? ''
  const fields = [
    isSpecial ? fstype : `UUID=${uuidOf(filesystem)}`,
    isSwap ? 'none' : (mountPoint ?? ''),
    isFat(fstype) ? 'vfat' : fstype,
    options === '' ? (isSwap ? 'sw' : 'defaults') : options,
  ]
  return `${fields.map(escapeField).join(' ')} 0 ${fsckPass(filesystem)}`
}

/** Root first; XFS and btrfs need no check, FAT's is not worth a failed boot. */
function fsckPass({ fstype, mountPoint }: Filesystem): number {
  if (fstype !== 'ext2' && fstype !== 'ext4') return 0
  return mountPoint === '/' ? 1 : 2
}

/** fstab(5): what separates fields is written in octal. */
function escapeField(text: string): string {
  return text.replaceAll(/[\s\\#]/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  )
}

/** Parents before what lies in them. */
export function byPath(left: Filesystem, right: Filesystem): number {
  const [a, b] = [parts(left), parts(right)]
  if (a.length !== b.length) return a.length - b.length
  return a.join('/') < b.join('/') ? -1 : 1
}

function parts({ mountPoint }: Filesystem): readonly string[] {
  return (mountPoint ?? '').split('/').filter((part) => part !== '')
}
