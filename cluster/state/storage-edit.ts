// What the edits of a storage configuration have in common: what they get, what they give, and how they change one
// part of a row.
import type { BlockDeviceId } from '#model/ids.ts'
import type {
  Filesystem,
  FilesystemType,
  StorageConfig,
  StorageDevice,
  StorageRef,
} from '#model/storage.ts'
import { invalid, notFound } from './context.ts'
import type { Refusal } from './outcome.ts'
import { deviceOf, exists, nameOf, whyTaken, type Storage } from './storage-parts.ts'
import type { StorageCommand } from './storage-commands.ts'

export type Counter = 'blockDevices' | 'partitions' | 'storageGroups' | 'cacheSets'

/** What an edit works on. Ids and UUIDs are new at every call; a refused edit gives them back. */
export type Desk = Storage & {
  readonly newId: <Id extends number>(counter: Counter) => Id
  readonly newUuid: () => string
  /** By UEFI: layouts make a partition for it. */
  readonly isUefi: boolean
}

/** `id`: of what was made. The row is settled afterwards. */
export type Edited = { readonly config: StorageConfig; readonly id?: number } | Refusal

export type StorageCommandOf<T extends StorageCommand['type']> = Extract<
  StorageCommand,
  { readonly type: T }
>
export type Edit<T extends StorageCommand['type']> = (
  desk: Desk,
  command: StorageCommandOf<T>,
) => Edited

export const noDevice = (): Refusal => notFound('BlockDevice')
export const noPartition = (): Refusal => notFound('Partition')

export function missing(desk: Storage, ref: StorageRef): Refusal | null {
  if (exists(desk, ref)) return null
  return 'partition' in ref ? noPartition() : noDevice()
}

/** In place of the device of its id, or new. */
export function withDevice(config: StorageConfig, device: StorageDevice): StorageConfig {
  const isThere = config.devices.some(({ id }) => id === device.id)
  if (!isThere) return { ...config, devices: [...config.devices, device] }
  const devices = config.devices.map((each) => (each.id === device.id ? device : each))
  return { ...config, devices }
}

/** The device must be there. */
export function changeDevice(
  desk: Storage,
  id: BlockDeviceId,
  change: (device: StorageDevice) => StorageDevice,
): StorageConfig {
  const device = deviceOf(desk, id)
  return device === undefined ? desk.config : withDevice(desk.config, change(device))
}

export function withFilesystem(
  desk: Storage,
  ref: StorageRef,
  filesystem: Filesystem | null,
): StorageConfig {
  return changeDevice(desk, ref.device, (device) => {
    if (!('partition' in ref)) return { ...device, filesystem }
    const { table } = device
    if (table === null) return device
    const partitions = table.partitions.map((partition) =>
      partition.id === ref.partition ? { ...partition, filesystem } : partition,
    )
    return { ...device, table: { ...table, partitions } }
  })
}

export function newFilesystem(
  desk: Desk,
  fstype: FilesystemType,
  more: Partial<Filesystem> = {},
): Filesystem {
  return {
    ...{ fstype, uuid: more.uuid ?? desk.newUuid(), label: more.label ?? '' },
    ...{ mountPoint: more.mountPoint ?? null, mountOptions: more.mountOptions ?? null },
  }
}

/** Fields of the API under which members are told. */
export type MemberFields = { readonly devices: string; readonly partitions: string }

/** Null: all of them are there and free, and none is named twice. */
export function whyNotMembers(
  desk: Storage,
  refs: readonly StorageRef[],
  { devices, partitions }: MemberFields,
): Refusal | null {
  for (const ref of refs) {
    const field = 'partition' in ref ? partitions : devices
    if (!exists(desk, ref)) return invalid(field, 'Select a valid choice.')
    const why = whyTaken(desk, ref)
    if (why === null) continue
    const name = nameOf(desk, ref.device) ?? ''
    const what = 'partition' in ref ? `A partition of ${name}` : name
    return invalid(field, `${what} cannot be used: ${why}.`)
  }
  return null
}

const NAME = /^[a-z0-9_][\w.+-]{0,62}$/i

/** Of disks, groups and volumes: they become names of files and arguments of programs. */
export function whyBadName(name: string | undefined): Refusal | null {
  if (name === undefined || (NAME.test(name) && !name.includes('..'))) return null
  return invalid('name', 'Enter letters, digits, and any of _ . + -, 63 at most.')
}

/** `prefix` and the smallest number above those in use. */
export function freeName(desk: Storage, prefix: string): string {
  const names = [
    ...desk.disks.map(({ name }) => name),
    ...desk.config.devices.flatMap(({ made }) => made?.name ?? []),
  ]
  const numbers = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((number) => Number.isSafeInteger(number))
  return `${prefix}${Math.max(-1, ...numbers) + 1}`
}
