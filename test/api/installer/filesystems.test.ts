// What mkfs and fstab are told.
import t from 'tap'
import {
  byPath,
  filesystemProblem,
  fstabLine,
  isUuid,
  mkfs,
  uuidOf,
} from '#api/installer/filesystems.ts'
import { testFilesystem } from '../../support/install-inputs.ts'

const UUID = '0a1b2c3d-4e5f-4a6b-8c7d-000000000001'

t.test('each filesystem gets its UUID and label', async (t) => {
  const cases = [
    ['ext2', `mkfs.ext2 -q -F -U ${UUID} -L root /dev/x`],
    ['ext4', `mkfs.ext4 -q -F -U ${UUID} -L root /dev/x`],
    ['xfs', `mkfs.xfs -q -f -m uuid=${UUID} -L root /dev/x`],
    ['btrfs', `mkfs.btrfs -q -f -U ${UUID} -L root /dev/x`],
    ['fat32', 'mkfs.vfat -F 32 -i 0a1b2c3d -n root /dev/x'],
    ['vfat', 'mkfs.vfat -F 32 -i 0a1b2c3d -n root /dev/x'],
    ['swap', `mkswap -q -f -U ${UUID} -L root /dev/x`],
    ['tmpfs', undefined],
    ['ramfs', undefined],
  ] as const
  for (const [fstype, line] of cases) {
    t.equal(mkfs(testFilesystem(1, fstype, null, 'root'), '/dev/x'), line)
  }
  const bare = mkfs(testFilesystem(1, 'ext4', null), '/dev/x')
  t.equal(bare, `mkfs.ext4 -q -F -U ${UUID} /dev/x`, 'no label, no option')
})

t.test('fstab names UUIDs, escapes what separates fields, checks root first', async (t) => {
  const cases = [
    [testFilesystem(1, 'ext4', '/'), `UUID=${UUID} / ext4 defaults 0 1`],
    [testFilesystem(1, 'ext4', '/a b#'), `UUID=${UUID} /a\\040b\\043 ext4 defaults 0 2`],
    [testFilesystem(1, 'xfs', '/x'), `UUID=${UUID} /x xfs defaults 0 0`],
    [testFilesystem(1, 'fat32', '/boot/efi'), 'UUID=0A1B-2C3D /boot/efi vfat defaults 0 0'],
    [testFilesystem(1, 'swap', null), `UUID=${UUID} none swap sw 0 0`],
    [testFilesystem(1, 'swap', 'none'), `UUID=${UUID} none swap sw 0 0`],
    [testFilesystem(1, 'tmpfs', '/tmp'), 'tmpfs /tmp tmpfs defaults 0 0'],
    [
      { ...testFilesystem(1, 'tmpfs', '/tmp'), mountOptions: 'size=1m,x\n/ y' },
      'tmpfs /tmp tmpfs size=1m,x\\012/\\040y 0 0',
    ],
    [testFilesystem(1, 'ext4', null), undefined],
  ] as const
  for (const [filesystem, line] of cases) t.equal(fstabLine(filesystem), line)
})

t.test('what cannot be made is told', async (t) => {
  const cases = [
    [testFilesystem(1, 'ext4', '/'), undefined],
    [testFilesystem(1, 'ext4', '/srv/x y'), undefined],
    [testFilesystem(1, 'ext4', 'srv'), /mount point/],
    [testFilesystem(1, 'ext4', '/srv/../etc'), /mount point/],
    [testFilesystem(1, 'ext4', '/srv/'), /mount point/],
    [testFilesystem(1, 'ext4', '/', 'x'.repeat(17)), /longer than 16/],
    [testFilesystem(1, 'vfat', '/', 'x'.repeat(12)), /longer than 11/],
    [testFilesystem(1, 'zfsroot', '/'), /zfsroot/],
    [{ ...testFilesystem(1, 'ext4', '/'), uuid: '-U; x' }, /UUID/],
    [testFilesystem(1, 'tmpfs', '/tmp', 'any label there is'), undefined],
  ] as const
  for (const [filesystem, problem] of cases) {
    if (problem === undefined) t.equal(filesystemProblem(filesystem), undefined)
    else t.match(filesystemProblem(filesystem), problem)
  }
  t.notOk(isUuid(`${UUID}\n`))
  t.equal(uuidOf(testFilesystem(1, 'btrfs', '/')), UUID)
})

t.test('parents are mounted before what lies in them', async (t) => {
  const paths = ['/srv/a', '/', '/srv-b', '/srv', '/boot/efi', '/boot']
  const sorted = paths.map((path) => testFilesystem(1, 'ext4', path)).toSorted(byPath)
  t.same(
    sorted.map(({ mountPoint }) => mountPoint),
    ['/', '/boot', '/srv', '/srv-b', '/boot/efi', '/srv/a'],
  )
})
