// Which disks are written, and how a machine may start.
import t from 'tap'
import type { InstallInput } from '#api/installer/install-input.ts'
import {
  biosDisks,
  bootDisk,
  espOf,
  placedFilesystems,
  usedDisks,
} from '#api/installer/storage-view.ts'
import type { BlockDeviceId } from '#model/ids.ts'
import type { StorageConfig } from '#model/storage.ts'
import {
  BCACHE,
  FLAT,
  installInput,
  LVM_ON_RAID,
  testDevice,
  testFilesystem,
  testPartition,
} from '../../support/install-inputs.ts'

const ids = (devices: readonly { readonly id: number }[]) => devices.map(({ id }) => id)

t.test('a disk without a part in the layout is not written', async (t) => {
  const storage = { ...FLAT, devices: [...FLAT.devices, testDevice(2, null)] }
  t.same(ids(usedDisks(installInput({ storage }))), [1])
  t.same(ids(usedDisks(installInput({ storage: LVM_ON_RAID }))), [1, 2])
  t.same(ids(usedDisks(installInput({ storage: BCACHE }))), [1, 2])
})

t.test('a disk image is written to the boot disk alone', async (t) => {
  const image: InstallInput['image'] = { ...installInput().image, kind: 'ddraw' }
  t.same(ids(usedDisks(installInput({ storage: LVM_ON_RAID, image }))), [1])
})

t.test('a datastore of VMware is kept', async (t) => {
  const storage: StorageConfig = {
    ...FLAT,
    devices: [...FLAT.devices, testDevice(2, null)],
    groups: [
      {
        ...({ id: 1, kind: 'vmfs6', uuid: 'x', name: 'datastore1' } as const),
        members: [{ device: 2 as BlockDeviceId }],
      },
    ],
  }
  t.same(ids(usedDisks(installInput({ storage }))), [1])
})

t.test('GRUB for BIOS goes to the boot disk and to the disks of a RAID', async (t) => {
  t.same(biosDisks(installInput()), [1])
  t.same(biosDisks(installInput({ storage: LVM_ON_RAID })), [1, 2])
  t.same(biosDisks(installInput({ storage: BCACHE })), [1])
  t.same(biosDisks(installInput({ architecture: 'arm64' })), [])
  t.equal(bootDisk(installInput({ storage: { ...FLAT, bootDiskId: null } })), 1)
})

t.test('an EFI system partition is configured, can be added, or has no space', async (t) => {
  const rootOf = (mib: number) => ({
    ...FLAT,
    devices: [testDevice(1, [testPartition(1, mib, testFilesystem(1, 'ext4', '/'))])],
  })
  t.equal(espOf(installInput()), 'configured')
  t.match(espOf(installInput({ storage: rootOf(1000) })), { added: { number: 3, startMib: 1004 } })
  t.equal(espOf(installInput({ storage: rootOf(4088) })), 'none')
})

t.test('filesystems know what they lie on', async (t) => {
  t.same(
    placedFilesystems(installInput({ storage: BCACHE })).map(({ filesystem, device }) => [
      filesystem.mountPoint,
      device.sh,
    ]),
    [
      ['/boot/efi', '"$PART_1_1"'],
      ['/boot', '"$PART_1_2"'],
      ['/', '"$DEV_3"'],
    ],
  )
})
