// Machines to install, for tests of the installer: a flat one, LVM over RAID-1, bcache, a disk image.
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import type { Filesystem, Partition, StorageConfig, StorageDevice } from '#model/storage.ts'
import type { InstallInput } from '#api/installer/install-input.ts'

const MIB = 2 ** 20
export const DISK_BYTES = 4096 * MIB

export function testDisk(id: number, serial: string): BlockDevice {
  return {
    id: id as BlockDeviceId,
    systemId: 'abc123' as SystemId,
    name: `vd${'abc'.charAt(id - 1)}`,
    model: 'QEMU',
    serial,
    idPath: '',
    sizeBytes: DISK_BYTES,
    blockSizeBytes: 512,
    tags: [],
  }
}

export function testUuid(number: number): string {
  return `0a1b2c3d-4e5f-4a6b-8c7d-${number.toString(16).padStart(12, '0')}`
}

export function testFilesystem(
  number: number,
  fstype: Filesystem['fstype'],
  mountPoint: string | null,
  label = '',
): Filesystem {
  return { fstype, uuid: testUuid(number), label, mountPoint, mountOptions: null }
}

export function testPartition(
  id: number,
  sizeMib: number,
  filesystem: Filesystem | null,
): Partition {
  const bootable = filesystem?.mountPoint === '/boot/efi'
  const uuid = testUuid(0x100 + id)
  return { id, uuid, sizeBytes: sizeMib * MIB, bootable, tags: [], filesystem }
}

export function testDevice(
  id: number,
  partitions: readonly Partition[] | null,
  made: StorageDevice['made'] = null,
  filesystem: Filesystem | null = null,
): StorageDevice {
  const table = partitions === null ? null : ({ type: 'GPT', partitions } as const)
  return { id: id as BlockDeviceId, made, table, filesystem }
}

function config(parts: Partial<StorageConfig>): StorageConfig {
  return {
    systemId: 'abc123' as SystemId,
    ...{ devices: [], groups: [], cacheSets: [], special: [], bootDiskId: 1 as BlockDeviceId },
    ...parts,
  }
}

/** An EFI system partition and a root on one disk. */
export const FLAT: StorageConfig = config({
  devices: [
    testDevice(1, [
      testPartition(1, 64, testFilesystem(1, 'fat32', '/boot/efi', 'efi')),
      testPartition(2, 4024, testFilesystem(2, 'ext4', '/', 'root')),
    ]),
  ],
  special: [{ ...testFilesystem(3, 'tmpfs', '/tmp'), mountOptions: 'size=128m,nosuid' }],
})

const ref = (device: number, partition?: number) =>
  partition === undefined
    ? { device: device as BlockDeviceId }
    : { device: device as BlockDeviceId, partition }

/** /boot on a RAID-1 of two disks; a second RAID-1 holds a volume group with root, /srv (XFS) and swap. */
export const LVM_ON_RAID: StorageConfig = config({
  devices: [
    testDevice(1, [testPartition(1, 256, null), testPartition(2, 1600, null)]),
    testDevice(2, [testPartition(3, 256, null), testPartition(4, 1600, null)]),
    testDevice(
      3,
      null,
      { group: 1, name: 'md0', uuid: testUuid(0x20), sizeBytes: 255 * MIB, tags: [] },
      testFilesystem(4, 'ext4', '/boot', 'boot'),
    ),
    testDevice(4, null, {
      ...{ group: 2, name: 'md1', uuid: testUuid(0x21), sizeBytes: 1599 * MIB, tags: [] },
    }),
    testDevice(
      5,
      null,
      { group: 3, name: 'lv-root', uuid: testUuid(0x23), sizeBytes: 1200 * MIB, tags: [] },
      testFilesystem(5, 'ext4', '/', 'root'),
    ),
    testDevice(
      6,
      null,
      { group: 3, name: 'lvsrv', uuid: testUuid(0x24), sizeBytes: 304 * MIB, tags: [] },
      testFilesystem(6, 'xfs', '/srv', 'srv'),
    ),
    testDevice(
      7,
      null,
      { group: 3, name: 'lvswap', uuid: testUuid(0x25), sizeBytes: 80 * MIB, tags: [] },
      testFilesystem(7, 'swap', 'none', 'swap'),
    ),
  ],
  groups: [
    {
      ...{ id: 1, kind: 'raid', level: 'raid-1', uuid: testUuid(0x20), name: 'md0' },
      ...{ members: [ref(1, 1), ref(2, 3)], spares: [] },
    },
    {
      ...{ id: 2, kind: 'raid', level: 'raid-1', uuid: testUuid(0x21), name: 'md1' },
      ...{ members: [ref(1, 2), ref(2, 4)], spares: [] },
    },
    {
      ...{ id: 3, kind: 'lvm', uuid: testUuid(0x22), name: 'vg-root' },
      members: [ref(4)],
    },
  ],
})

/** Root on bcache: /boot beside it, the cache on a second disk. */
export const BCACHE: StorageConfig = config({
  devices: [
    testDevice(1, [
      testPartition(1, 64, testFilesystem(1, 'fat32', '/boot/efi', 'efi')),
      testPartition(2, 256, testFilesystem(8, 'ext4', '/boot', 'boot')),
      testPartition(3, 3768, null),
    ]),
    testDevice(2, [testPartition(4, 512, null)]),
    testDevice(
      3,
      null,
      { group: 1, name: 'bcache0', uuid: testUuid(0x30), sizeBytes: 3767 * MIB, tags: [] },
      testFilesystem(9, 'ext4', '/', 'root'),
    ),
  ],
  groups: [
    {
      ...{ id: 1, kind: 'bcache', uuid: testUuid(0x30), name: 'bcache0' },
      ...{ cacheMode: 'writethrough', backing: ref(1, 3), cacheSet: 1 },
    },
  ],
  cacheSets: [{ id: 1, uuid: testUuid(0x31), cache: ref(2, 4) }],
})

export function installInput(parts: Partial<InstallInput> = {}): InstallInput {
  const sites = ['http://192.0.2.1:5248', 'http://192.0.2.2:5248']
  const sha256 = '5f'.repeat(32)
  return {
    systemId: 'abc123',
    hostname: 'first',
    fqdn: 'first.example.org',
    architecture: 'amd64',
    osSystem: 'debian',
    distroSeries: 'bookworm',
    image: {
      kind: 'squashfs',
      sha256,
      sizeBytes: 200_000_000,
    },
    disks: [testDisk(1, 'DISK1'), testDisk(2, 'DISK2')],
    storage: FLAT,
    netplan: '',
    kernelOptions: '',
    keys: { consumerKey: 'ck', tokenKey: 'tk', tokenSecret: 'ts' },
    places: sites.map((site) => ({
      base: `${site}/MAAS`,
      imageUrl: `${site}/images/${sha256}/squashfs`,
    })),
    ...parts,
  }
}
