// MAAS's storage layouts with their parameters, and how the default one follows the life of a machine.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { LayoutWish, StorageConfig } from '#model/storage.ts'
import { reconcileStorage } from '#state/storage-defaults.ts'
import { storageOf } from '#state/storage-query.ts'
import { addMachine, bring, makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, type Lab } from '#test/support/region-state.ts'
import { disk, disksOf, GB, MIB, ready } from '#test/support/storage.ts'
import { wrongWith } from '#test/support/storage-invariants.ts'

/** One line per partition, volume or device with a filesystem, sizes in MiB. */
function outline({ devices, groups }: StorageConfig): string[] {
  return devices.flatMap(({ id, made, table, filesystem }) => {
    const name = made === null ? `disk ${id}` : made.name
    const at = (fs: typeof filesystem): string =>
      fs === null ? '-' : `${fs.fstype} ${fs.label} ${fs.mountPoint ?? '-'}`
    const group = made === null ? '' : (groups.find((each) => each.id === made.group)?.name ?? '')
    if (table?.partitions.length === 0) return [`${name}: an empty table`]
    if (table === null) {
      const size = made === null ? '' : `${Math.floor(made.sizeBytes / MIB)}`
      return [`${name} ${group} ${size} ${at(filesystem)}`.trim()]
    }
    return table.partitions.map(
      ({ sizeBytes, bootable, filesystem: own }, place) =>
        `${name} part${place + 1} ${sizeBytes / MIB}${bootable ? ' boot' : ''} ${at(own)}`,
    )
  })
}

const TEN = 10 * GB
const CASES: readonly {
  readonly name: string
  readonly uefi?: true
  readonly disks?: readonly number[]
  readonly wish: LayoutWish
  readonly outline?: readonly string[]
  readonly refused?: RegExp
}[] = [
  {
    ...{ name: 'flat by the BIOS', wish: { layout: 'flat' } },
    outline: ['disk 1 part1 9528 boot ext4 root /'],
  },
  {
    ...{ name: 'flat by UEFI', uefi: true, wish: { layout: 'flat' } },
    outline: ['disk 1 part1 512 boot fat32 efi /boot/efi', 'disk 1 part2 9016 ext4 root /'],
  },
  {
    name: 'flat with sizes',
    wish: { layout: 'flat', bootSize: { bytes: GB }, rootSize: { hundredths: 5_000 } },
    outline: ['disk 1 part1 952 boot ext4 boot /boot', 'disk 1 part2 4768 ext4 root /'],
  },
  {
    ...{ name: 'flat with the root elsewhere, by the BIOS', disks: [TEN, TEN] },
    wish: { layout: 'flat', rootDevice: 2 as never },
    outline: ['disk 1: an empty table', 'disk 2 part1 9528 ext4 root /'],
  },
  {
    ...{ name: 'flat with the root elsewhere', uefi: true, disks: [TEN, TEN] },
    wish: { layout: 'flat', rootDevice: 2 as never },
    outline: ['disk 1 part1 512 boot fat32 efi /boot/efi', 'disk 2 part1 9528 ext4 root /'],
  },
  {
    ...{ name: 'a root that is too small', wish: { layout: 'flat', rootSize: { bytes: GB } } },
    refused: /root_size.*Size is too small. Minimum size is 3221225472/,
  },
  {
    ...{ name: 'a boot that is too large', wish: { layout: 'flat', bootSize: { bytes: TEN } } },
    refused: /boot_size.*Size is too large/,
  },
  {
    ...{ name: 'a disk that is not there', wish: { layout: 'flat', rootDevice: 9 as never } },
    refused: /root_device/,
  },
  {
    ...{ name: 'lvm', uefi: true, wish: { layout: 'lvm' } },
    outline: [
      ...['disk 1 part1 512 boot fat32 efi /boot/efi', 'disk 1 part2 9016 -'],
      'lvroot vgroot 9012 ext4 root /',
    ],
  },
  {
    name: 'lvm with names and a size',
    wish: { layout: 'lvm', vgName: 'vg', lvName: 'lv', lvSize: { hundredths: 5_000 } },
    outline: ['disk 1 part1 9528 boot -', 'lv vg 4760 ext4 root /'],
  },
  {
    ...{ name: 'lvm with a bad name', wish: { layout: 'lvm', vgName: 'a b' } },
    refused: /"vg_name"/,
  },
  {
    ...{ name: 'bcache', disks: [TEN, 2 * GB, GB], wish: { layout: 'bcache' } },
    outline: [
      ...['disk 1 part1 1024 boot ext4 boot /boot', 'disk 1 part2 8504 -'],
      ...['disk 3 part1 948 -', 'bcache0 bcache0 8504 ext4 root /'],
    ],
  },
  {
    ...{ name: 'bcache with parameters', disks: [TEN, 2 * GB, GB] },
    wish: {
      ...{ layout: 'bcache', cacheDevice: 2 as never, cacheNoPart: true, cacheMode: 'writeback' },
    },
    outline: [
      ...['disk 1 part1 1024 boot ext4 boot /boot', 'disk 1 part2 8504 -'],
      ...['disk 2   -', 'bcache0 bcache0 8504 ext4 root /'],
    ],
  },
  {
    ...{ name: 'bcache without a cache', wish: { layout: 'bcache' } },
    refused: /cache_device.*tag ssd/,
  },
  { name: 'blank', wish: { layout: 'blank' }, outline: [] },
  {
    ...{ name: 'custom', wish: { layout: 'custom' } },
    refused: /No custom storage layout configuration found/,
  },
  { name: 'vmfs6', wish: { layout: 'vmfs6' }, refused: /ESXi image, which is not supported/ },
  { ...{ name: 'no disks', disks: [], wish: { layout: 'flat' } }, refused: /no disks to lay out/ },
]

for (const { name, uefi, disks = [TEN], wish, outline: wanted, refused } of CASES) {
  t.test(name, async (t) => {
    const [lab, systemId, ids] = ready(disks, uefi === true ? 'uefi' : 'pxe')
    for (const id of ids.slice(1)) {
      const at = { device: id }
      lab.ok({ type: 'storage.tag', systemId, at, tag: 'ssd', isOn: true })
    }
    const command = { type: 'storage.setLayout', systemId, wish } as const
    if (refused !== undefined) {
      const { message, fields } = lab.refused(command)
      t.match(`${message} ${JSON.stringify(fields)}`, refused)
      return
    }
    lab.ok(command)
    const row = storageOf(lab.state, systemId)
    t.strictSame(outline(row), wanted)
    t.strictSame(wrongWith(row, disksOf(lab, systemId)), [])
  })
}

const warnings = (lab: Lab): string[] =>
  [...lab.state.events.values()]
    .filter(({ level }) => level === 'WARNING')
    .map(({ type, description }) => `${type}: ${description}`)

function commission(lab: Lab, systemId: never, skipStorage = false): void {
  lab.actor = ADMIN
  const options = { ...DEFAULT_PROBE, skipStorage }
  lab.ok({ type: 'machine.commission', systemId, comment: '', options })
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
}

t.test(
  'commissioning lays the storage out by the setting, unless it is to be skipped',
  async (t) => {
    const lab = makeRoom()
    const id = addMachine(lab, 1, { blockDevices: [disk('sda', TEN)] })
    t.strictSame(storageOf(lab.state, id).devices, [], 'a New one has bare disks')
    bring(lab, id, S.READY)
    t.strictSame(outline(storageOf(lab.state, id)), ['disk 1 part1 9528 boot ext4 root /'])
    lab.actor = ADMIN
    lab.ok({ type: 'config.put', name: 'default_storage_layout', value: 'lvm' })
    commission(lab, id as never, true)
    t.match(outline(storageOf(lab.state, id)), [/part1 9528 boot ext4/])
    commission(lab, id as never)
    t.match(outline(storageOf(lab.state, id)), [/part1/, /^lvroot/])
    t.strictSame(warnings(lab), [])
  },
)

t.test('a layout that cannot be had gives way to flat, and flat to bare disks', async (t) => {
  const lab = makeRoom()
  lab.ok({ type: 'config.put', name: 'default_storage_layout', value: 'bcache' })
  const id = addMachine(lab, 1, { blockDevices: [disk('sda', TEN)] })
  bring(lab, id, S.READY)
  t.strictSame(outline(storageOf(lab.state, id)), ['disk 1 part1 9528 boot ext4 root /'])
  t.match(warnings(lab), [/^Storage layout not applied: bcache: There is no disk with the tag ssd/])
  const tiny = addMachine(lab, 2, { blockDevices: [disk('sda', 8 * MIB)] })
  bring(lab, tiny, S.READY)
  t.strictSame(storageOf(lab.state, tiny).devices, [])
  t.match(warnings(lab).at(-1), /flat: There is no space left on sda/)
})

t.test('disks that change under a configuration take it with them', async (t) => {
  const lab = makeRoom()
  const blockDevices = [disk('sda', TEN), disk('sdb', TEN)]
  const id = addMachine(lab, 1, { blockDevices })
  bring(lab, id, S.READY)
  const context = { state: lab.state, now: 0, wall: 0, actor: SYSTEM }
  const [sda, sdb] = disksOf(lab, id)
  lab.state.blockDevices.delete(sdb!.id)
  reconcileStorage(context, id)
  t.equal(storageOf(lab.state, id).devices.length, 1, 'nothing was on the second')
  lab.state.blockDevices.put(sda!.id, { ...sda!, sizeBytes: GB })
  reconcileStorage(context, id)
  t.strictSame(storageOf(lab.state, id).devices, [])
  t.match(warnings(lab), [/^Storage configuration dropped: The disks have changed/])
  lab.state.journal.take()
  commission(lab, id as never)
  t.strictSame(outline(storageOf(lab.state, id)), ['disk 1 part1 948 boot ext4 root /'])
})

t.test('a layout that nobody knows is refused', async (t) => {
  const [lab, systemId] = ready([TEN])
  for (const layout of ['', 'constructor']) {
    const wish = { layout: layout as never }
    t.match(lab.refused({ type: 'storage.setLayout', systemId, wish }), {
      fields: { storage_layout: [/not known/] },
    })
  }
})
