// The order of what is done to the disks; the texts whole are the goldens of the script.
import t from 'tap'
import { findSteps, makeSteps, mountFatSteps, mountSteps } from '#api/installer/storage-steps.ts'
import {
  BCACHE,
  FLAT,
  installInput,
  LVM_ON_RAID,
  testDevice,
  testFilesystem,
  testPartition,
} from '../../support/install-inputs.ts'

const names = (lines: readonly string[]) => lines.map((line) => line.split(/[ =]/, 1).join(''))

t.test('every disk is found, and nothing is made', async (t) => {
  const steps = findSteps(installInput({ storage: LVM_ON_RAID }))
  const allowed = /^(tools|find_disk|DEV_|DISKS|BOOT_DISK|volume_group_is_ours|uefi_needs_esp)/
  t.ok(steps.every((line) => allowed.test(line)))
  t.equal(names(steps).filter((name) => name === 'find_disk').length, 2)
})

t.test('every program is asked for by its name', async (t) => {
  t.match(findSteps(installInput({ storage: BCACHE }))[0], /^tools .*mkfs.ext4.*make-bcache/)
  t.match(findSteps(installInput({ storage: LVM_ON_RAID }))[0], /mkfs.xfs.*mdadm pvs vgcreate/)
  t.notMatch(findSteps(installInput())[0], /mdadm|vgcreate|make-bcache/)
  const image = { ...installInput().image, kind: 'ddraw' } as const
  t.notMatch(findSteps(installInput({ image }))[0], /sfdisk|mkfs|unsquashfs/)
})

t.test('members stand before what is made of them; filesystems come last', async (t) => {
  t.same(names(makeSteps(installInput({ storage: BCACHE }))), [
    ...[
      'write_table',
      'PART_1_1',
      'clear_part',
      'PART_1_2',
      'clear_part',
      'PART_1_3',
      'clear_part',
    ],
    ...['write_table', 'PART_2_4', 'clear_part', 'make_cache', 'make_backing', 'DEV_3'],
    ...['mkfs.vfat', 'mkfs.ext4', 'mkfs.ext4'],
  ])
})

t.test('a group without volumes is made too', async (t) => {
  const devices = LVM_ON_RAID.devices.filter(({ made }) => made?.group !== 3)
  const steps = makeSteps(installInput({ storage: { ...LVM_ON_RAID, devices } }))
  t.ok(names(steps).includes('vgcreate'))
  t.notOk(names(steps).includes('make_volume'))
})

t.test('an EFI system partition is added only under UEFI', async (t) => {
  const small = testPartition(1, 1000, testFilesystem(1, 'ext4', '/'))
  const steps = makeSteps(installInput({ storage: { ...FLAT, devices: [testDevice(1, [small])] } }))
  t.same(names(steps.map((line) => line.trim())).slice(0, 6), [
    ...['if', 'write_table', 'ADDED_ESP', 'else', 'write_table', 'fi'],
  ])
})

t.test('FAT is mounted after the image is unpacked', async (t) => {
  const input = installInput({ storage: BCACHE })
  t.same(mountSteps(input), ['mount_at "$DEV_3" /', 'mount_at "$PART_1_2" /boot'])
  t.same(mountFatSteps(input), ['mount_fat "$PART_1_1" /boot/efi'])
})
