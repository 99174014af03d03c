// The unpacked system becomes this machine's: as lines of sh that call `system-functions.ts`.
import type { StorageGroup } from '#model/storage.ts'
import { deviceVariable, valueOf } from './device-names.ts'
import { uuidOf } from './filesystems.ts'
import { mapperPath } from './groups.ts'
import { METADATA_PATH, type InstallInput } from './install-input.ts'
import { call, quote } from './shell.ts'
import { biosDisks, placedFilesystems } from './storage-view.ts'
import {
  SEED_PATH,
  cloudConfig,
  fstab,
  grubDefaults,
  hosts,
  kernelArguments,
} from './system-files.ts'

/** Of every image, disk images too. */
export function identitySteps(input: InstallInput): readonly string[] {
  const { hostname, netplan } = input
  return [
    'forget_identity',
    call('write_file', '/etc/hostname', '0644', `${hostname}\n`),
    call('write_file', '/etc/hosts', '0644', hosts(input)),
    'settle_locale',
    ...(netplan === '' ? [] : [call('write_network', netplan)]),
  ]
}

/** Last, because of several racks it names the one that answered last. */
export function seedStep(input: InstallInput): string {
  const base = '@BASE@'
  const [before = '', after = ''] = cloudConfig(input, `${base}${METADATA_PATH}`).split(base)
  return call('write_seed', SEED_PATH, before, after)
}

/** Of a root filesystem; a disk image brings its own boot loader and fstab. */
export function bootSteps(input: InstallInput): readonly string[] {
  const { storage, architecture } = input
  const kinds = new Set(storage.groups.map(({ kind }) => kind))
  const efi = architecture === 'amd64' ? 'x86_64-efi' : 'arm64-efi'
  const isStacked = kinds.has('raid') || kinds.has('lvm') || kinds.has('bcache')
  return [
    call('write_file', '/etc/fstab', '0644', fstab(input)),
    'mount_added_esp',
    call('write_file', '/etc/default/grub.d/90-ironraft.cfg', '0644', grubDefaults(input)),
    'bind_target',
    'need_kernel',
    'need_boot_loader',
    ...neededPackages(input, kinds),
    'install_packages',
    ...(kinds.has('raid') ? ['write_arrays'] : []),
    ...(isStacked ? ['refresh_initramfs'] : []),
    ...biosDisks(input).map((id) => call('grub_bios', valueOf(deviceVariable(id)))),
    call('grub_efi', efi),
    call('write_grub_config', ...grubConfigWords(input)),
  ]
}

function neededPackages(
  input: InstallInput,
  kinds: ReadonlySet<StorageGroup['kind']>,
): readonly string[] {
  const fstypes = new Set(placedFilesystems(input).map(({ filesystem }) => filesystem.fstype))
  const needs: readonly (readonly [boolean, string, string])[] = [
    [kinds.has('raid'), 'mdadm', 'mdadm'],
    [kinds.has('lvm'), 'lvm', 'lvm2'],
    [kinds.has('bcache'), 'make-bcache', 'bcache-tools'],
    [fstypes.has('xfs'), 'fsck.xfs', 'xfsprogs'],
    [fstypes.has('btrfs'), 'btrfs', 'btrfs-progs'],
  ]
  return needs.flatMap(([isNeeded, command, name]) =>
    isNeeded ? [call('need', command, name)] : [],
  )
}

/** UUID of the filesystem with the kernel, its path there, the kernel's command line as words of GRUB. */
function grubConfigWords(input: InstallInput): readonly string[] {
  const all = placedFilesystems(input).map(({ filesystem }) => filesystem)
  const root = all.find(({ mountPoint }) => mountPoint === '/')
  const boot = all.find(({ mountPoint }) => mountPoint === '/boot')
  const holder = boot ?? root
  if (root === undefined || holder === undefined) return []
  const words = [`root=${rootName(input, uuidOf(root))}`, 'ro', ...kernelArguments(input)]
  // GRUB's single quotes are those of sh.
  return [uuidOf(holder), boot === undefined ? '/boot' : '', words.map(quote).join(' ')]
}

/** Initramfs-tools finds a logical volume by its name only; all else by UUID. */
function rootName({ storage }: InstallInput, uuid: string): string {
  const device = storage.devices.find(({ filesystem }) => filesystem?.mountPoint === '/')
  const group = storage.groups.find(({ id }) => id === device?.made?.group)
  if (device?.made === null || device === undefined || group?.kind !== 'lvm') return `UUID=${uuid}`
  return mapperPath(group.name, device.made.name)
}
