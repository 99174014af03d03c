import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { BootFileStore } from '#rack/boot-file-store.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

t.test('loaders are served by name', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, 'undionly.kpxe'), 'one')
  const store = new BootFileStore(dir)
  t.equal(textOf(await store.read('undionly.kpxe')), 'one')
  t.equal(await store.read('undionly.kpxe'), await store.read('undionly.kpxe'), 'read once')
  await writeFile(join(dir, 'undionly.kpxe'), 'two')
  await utimes(join(dir, 'undionly.kpxe'), 1, 1)
  t.equal(textOf(await store.read('undionly.kpxe')), 'two', 'an update is noticed')
})

t.test('nothing else in or outside the directory exists', async (t) => {
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, 'boot', 'dir.efi'), { recursive: true })
  await writeFile(join(dir, 'boot', 'secret.txt'), 'x')
  await writeFile(join(dir, 'outside.efi'), 'x')
  await symlink('nowhere', join(dir, 'boot', 'dangling.efi'))
  const store = new BootFileStore(join(dir, 'boot'))
  const names = ['secret.txt', '../outside.efi', 'dir.efi', 'dangling.efi', '.efi', '', 'a/b.efi']
  for (const name of names) t.equal(await store.read(name), undefined, name)
})

t.test(
  'loaders of other packages come from where Debian has them, unless the directory has its own',
  async (t) => {
    const dir = await temporaryDirectory(t)
    const debian = join(dir, 'debian')
    await mkdir(join(debian, 'modules'), { recursive: true })
    await writeFile(join(debian, 'shimx64.efi.signed'), 'shim')
    await writeFile(join(debian, 'modules', 'ldlinux.c32'), 'module')
    const places = {
      files: { 'bootx64.efi': join(debian, 'shimx64.efi.signed') },
      modules: join(debian, 'modules'),
    }
    const store = new BootFileStore(dir, places)
    t.equal(textOf(await store.read('bootx64.efi')), 'shim')
    t.equal(textOf(await store.read('ldlinux.c32')), 'module')
    t.equal(await store.read('shimx64.efi.signed'), undefined)
    t.equal(await store.read('../debian/modules/ldlinux.c32'), undefined)
    await writeFile(join(dir, 'bootx64.efi'), 'own')
    t.equal(textOf(await store.read('bootx64.efi')), 'own')
  },
)

t.test('an absent directory is said once with its remedy', async (t) => {
  const dir = await temporaryDirectory(t)
  const { logger, lines } = makeLogRecorder()
  await new BootFileStore(join(dir, 'none')).check(logger)
  t.match(lines, [{ level: 'warn', event: 'rack.boot_files_missing', fields: { remedy: /ipxe/ } }])
  await writeFile(join(dir, 'snponly.efi'), 'x')
  await new BootFileStore(dir).check(logger)
  t.equal(lines.length, 1)
})
