// Where each partition of a disk lies and what it is, as input for sfdisk. The configured ones lie one after another
// from 4 MiB on (model/storage.ts), so the space before them is free: on GPT it takes GRUB's core image ("BIOS boot
// partition", 1–4 MiB), which lets a disk boot both ways without a word in the layout. On MBR GRUB needs none.
import type { Partition, StorageDevice } from '#model/storage.ts'

const MIB = 2 ** 20
const FIRST_MIB = 4
/** GPT keeps its second copy in the last 33 sectors. */
const TAIL_MIB = 1
/** Of an EFI system partition that we add: FAT32 starts at 33 MiB, the loaders take 6. */
const ADDED_ESP_MIB = 64

type PlannedKind = 'data' | 'esp' | 'bios-boot' | 'extended'

export type PlannedPartition = {
  /** On disk, from 1. */
  readonly number: number
  readonly startMib: number
  readonly sizeMib: number
  readonly kind: PlannedKind
  /** Null: one that the layout does not name. */
  readonly partition: Partition | null
}

export type TablePlan = {
  readonly type: 'GPT' | 'MBR'
  readonly partitions: readonly PlannedPartition[]
  /** First MiB that no partition has. */
  readonly endMib: number
}

export function isEsp(partition: Partition): boolean {
  const filesystem = partition.filesystem
  const isFat = filesystem?.fstype === 'fat32' || filesystem?.fstype === 'vfat'
  return isFat && (partition.bootable || filesystem.mountPoint === '/boot/efi')
}

/** `bootsByBios`: GRUB for BIOS will be put on this disk. */
export function planTable(
  table: NonNullable<StorageDevice['table']>,
  bootsByBios: boolean,
): TablePlan {
  const { type } = table
  const partitions: PlannedPartition[] = []
  let endMib = FIRST_MIB
  const logicalFrom = type === 'MBR' && table.partitions.length > 4 ? 3 : Infinity
  const extended = table.partitions.slice(logicalFrom)
  for (const [index, partition] of table.partitions.entries()) {
    const sizeMib = mib(partition)
    const isLogical = index >= logicalFrom
    if (index === logicalFrom) {
      const all = extended.reduce((sum, one) => sum + mib(one), 0)
      const what = { kind: 'extended', partition: null } as const
      partitions.push({ number: 4, startMib: endMib, sizeMib: all, ...what })
    }
    // A logical partition gives its first MiB to the record that leads to it.
    partitions.push({
      number: isLogical ? index + 2 : index + 1,
      startMib: isLogical ? endMib + 1 : endMib,
      sizeMib: isLogical ? sizeMib - 1 : sizeMib,
      kind: isEsp(partition) ? 'esp' : 'data',
      partition,
    })
    endMib += sizeMib
  }
  if (type === 'GPT' && bootsByBios) {
    const place = { startMib: 1, sizeMib: FIRST_MIB - 1, partition: null }
    partitions.push({ number: partitions.length + 1, kind: 'bios-boot', ...place })
  }
  return { type, partitions, endMib }
}

/** The EFI system partition that a disk gets when the firmware needs one; undefined: no space behind the others. */
export function addedEsp(plan: TablePlan, diskBytes: number): PlannedPartition | undefined {
  const free = Math.floor(diskBytes / MIB) - TAIL_MIB - plan.endMib
  const number = Math.max(0, ...plan.partitions.map((one) => one.number)) + 1
  if (free < ADDED_ESP_MIB || (plan.type === 'MBR' && number > 4)) return undefined
  const place = { startMib: plan.endMib, sizeMib: ADDED_ESP_MIB, partition: null }
  return { number, kind: 'esp', ...place }
}

export function fitsDisk(plan: TablePlan, diskBytes: number): boolean {
  const tail = plan.type === 'GPT' ? TAIL_MIB : 0
  return plan.endMib <= Math.floor(diskBytes / MIB) - tail
}

/** What sfdisk reads: sizes in MiB, so that the sector size of the disk does not matter. */
export function formatSfdisk(type: 'GPT' | 'MBR', all: readonly PlannedPartition[]): string {
  const lines = all.map((one) => formatLine(type, one))
  return [`label: ${type === 'GPT' ? 'gpt' : 'dos'}`, ...lines, ''].join('\n')
}

function formatLine(type: 'GPT' | 'MBR', { startMib, sizeMib, kind, partition }: PlannedPartition) {
  const fields = [`start=${startMib}MiB`, `size=${sizeMib}MiB`, `type=${TYPES[type][kind]}`]
  if (type === 'GPT' && partition !== null) fields.push(`uuid=${partition.uuid}`)
  if (type === 'MBR' && partition?.bootable === true) fields.push('bootable')
  return fields.join(', ')
}

/** Partition types: UEFI 2.10 §5.3.3 and the discoverable partitions specification; MBR's ids. */
const TYPES: Readonly<Record<'GPT' | 'MBR', Readonly<Record<PlannedKind, string>>>> = {
  GPT: {
    data: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
    esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
    'bios-boot': '21686148-6449-6E6F-744E-656564454649',
    extended: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  },
  MBR: { data: '83', esp: 'ef', 'bios-boot': '83', extended: '5' },
}

function mib(partition: Partition): number {
  return Math.floor(partition.sizeBytes / MIB)
}
