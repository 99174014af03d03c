// What the calls on storage name in paths and forms: devices and partitions by id or name, groups by id or name, sizes
// as `10G` or `50%`. Wrong names in a path are 404, in a form 400 under the parameter.
import type { SystemId } from '#model/ids.ts'
import type {
  CacheSet,
  Partition,
  SizeWish,
  StorageDevice,
  StorageGroup,
  StorageRef,
} from '#model/storage.ts'
import { deviceOf, nameOf, type Storage } from '#state/storage-parts.ts'
import type { Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import type { Form } from '../input.ts'
import { custom, list, text, type Param } from '../params.ts'
import {
  cacheSetName,
  madeDevices,
  partitionName,
  storageView,
  type StorageView,
} from '../render/storage.ts'
import { machineOf } from './find-machine.ts'

/** Of a machine that the caller may see. */
export async function viewOf(call: Call): Promise<StorageView> {
  const state = await call.state()
  return storageView(state, machineOf(state, call).systemId)
}

/** As it is after a command. */
export function viewAfter(call: Call, systemId: SystemId): StorageView {
  return storageView(call.after(), systemId)
}

export function devicesOf(view: Storage): readonly StorageDevice[] {
  const disks = view.disks.flatMap(({ id }) => deviceOf(view, id) ?? [])
  return [...disks, ...madeDevices(view.config)]
}

/** A logical volume also by its own name. */
function findDevice(view: Storage, wanted: string): StorageDevice | undefined {
  const devices = devicesOf(view)
  return (
    devices.find(({ id }) => String(id) === wanted) ??
    devices.find(({ id }) => nameOf(view, id) === wanted)
  )
}

function findPartition(view: Storage, device: StorageDevice, wanted: string) {
  const partitions = device.table?.partitions ?? []
  return (
    partitions.find(({ id }) => String(id) === wanted) ??
    partitions.find((each) => partitionName(view, device.id, each) === wanted)
  )
}

/** Of the path. */
export function deviceIn(view: Storage, call: Call, param = 'id'): StorageDevice {
  const device = findDevice(view, call.param(param))
  if (device === undefined) throw notFound('BlockDevice')
  return device
}

export function partitionIn(
  view: Storage,
  call: Call,
): { readonly device: StorageDevice; readonly partition: Partition } {
  const device = deviceIn(view, call, 'device_id')
  const partition = findPartition(view, device, call.param('id'))
  if (partition === undefined) throw notFound('Partition')
  return { device, partition }
}

const MODELS = { lvm: 'VolumeGroup', raid: 'RAID', bcache: 'Bcache', vmfs6: 'VMFS' } as const

export function groupIn<K extends StorageGroup['kind']>(
  { config }: Storage,
  call: Call,
  kind: K,
): Extract<StorageGroup, { readonly kind: K }> {
  const wanted = call.param('id')
  const groups = groupsOf({ config }, kind)
  const group =
    groups.find(({ id }) => String(id) === wanted) ?? groups.find(({ name }) => name === wanted)
  if (group === undefined) throw notFound(MODELS[kind])
  return group
}

export function groupsOf<K extends StorageGroup['kind']>(
  { config }: Pick<Storage, 'config'>,
  kind: K,
): readonly Extract<StorageGroup, { readonly kind: K }>[] {
  type Of = Extract<StorageGroup, { readonly kind: K }>
  const found = config.groups.filter((group): group is Of => group.kind === kind)
  return found.toSorted((a, b) => a.id - b.id)
}

export function cacheSetNamed({ config }: Storage, wanted: string): CacheSet | undefined {
  const { cacheSets } = config
  return (
    cacheSets.find(({ id }) => String(id) === wanted) ??
    cacheSets.find((set) => cacheSetName(config, set) === wanted)
  )
}

/** Members that a form names: block devices, then partitions. Throws 400 under the parameter. */
export function refsNamed(
  view: Storage,
  given: {
    readonly [name: string]: readonly string[] | undefined
  },
): readonly StorageRef[] {
  return Object.entries(given).flatMap(([field, names = []]) => {
    const isPartition = field.includes('partition')
    return names.map((name) => refNamed(view, name, { field, isPartition }))
  })
}

/** Throws 400 when there is no such device or partition. */
export function refNamed(
  view: Storage,
  name: string,
  { field, isPartition }: { readonly field: string; readonly isPartition: boolean },
): StorageRef {
  if (!isPartition) {
    const device = findDevice(view, name)
    if (device !== undefined) return { device: device.id }
  } else {
    for (const device of devicesOf(view)) {
      const partition = findPartition(view, device, name)
      if (partition !== undefined) return { device: device.id, partition: partition.id }
    }
  }
  const shown = name.slice(0, 64)
  const message = `Select a valid choice. ${shown} is not one of the available choices.`
  throw fieldError(field, message)
}

const UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
}
const BYTES = /^(\d{1,16}(?:\.\d{1,3})?)\s*([KMGTP]?)B?$/i
const PERCENT = /^(\d{1,3}(?:\.\d{1,2})?)\s*%$/

function parseBytes(value: string): number | undefined {
  const [, number = '', unit = ''] = BYTES.exec(value.trim()) ?? []
  const bytes = Math.round(Number(number) * (UNITS[unit.toUpperCase()] ?? 1))
  return number !== '' && Number.isSafeInteger(bytes) ? bytes : undefined
}

const SIZE_HELP = 'Bytes, or with a unit of thousands: 500M, 10G, 2T.'

/** Bytes. */
export function size(doc: string, options: { readonly required?: boolean } = {}): Param<number> {
  return custom(
    `${doc} ${SIZE_HELP}`,
    { type: 'string', maxLength: 32 },
    (form, name) => readSize(form, name, parseBytes),
    options,
  )
}

/** Bytes or a percentage. */
export function share(doc: string): Param<SizeWish> {
  return custom(
    `${doc} ${SIZE_HELP} Or a percentage: 50%.`,
    { type: 'string', maxLength: 32 },
    (form, name) => readSize(form, name, parseShare),
  )
}

function parseShare(value: string): SizeWish | undefined {
  const [, percent] = PERCENT.exec(value.trim()) ?? []
  if (percent === undefined) {
    const bytes = parseBytes(value)
    return bytes === undefined ? undefined : { bytes }
  }
  const hundredths = Math.round(Number(percent) * 100)
  return hundredths <= 10_000 ? { hundredths } : undefined
}

function readSize<T>(
  form: Form,
  name: string,
  parse: (value: string) => T | undefined,
): T | undefined {
  const given = form.input.text(name)
  if (given === undefined || given.trim() === '') return undefined
  return parse(given) ?? form.report(name, `Enter a size. ${SIZE_HELP}`)
}

export const UUID = text('Its UUID; made up when absent.', {
  pattern: /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i,
  message: 'Enter a UUID.',
  max: 36,
})

/** Lower case; undefined when absent or empty. */
export function uuidFrom(value: string | undefined): { readonly uuid?: string } {
  return value === undefined || value === '' ? {} : { uuid: value.toLowerCase() }
}

export const MEMBERS = {
  block_devices: list('Block devices, by id or name. Repeated, or with commas.'),
  partitions: list('Partitions, by id or name. Repeated, or with commas.'),
}
