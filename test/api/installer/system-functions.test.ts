// The unpacked system: functions of the script run by sh on a directory.
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SYSTEM_FUNCTIONS } from '#api/installer/system-functions.ts'
import { runShell } from '../../support/shell-run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

async function makeTarget(t: Test, files: Readonly<Record<string, string>> = {}) {
  const directory = await temporaryDirectory(t)
  const at = (path: string): string => join(directory, 'target', path)
  await mkdir(at(''))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(at(path), '..'), { recursive: true })
    await writeFile(at(path), text, { mode: 0o755 })
  }
  const stubs = `
TARGET=$PWD/target WORK=$PWD FIRMWARE=bios ARCHITECTURE=amd64 PACKAGES= ADDED_ESP=
say() { echo "$*"; }
fail() { echo "FAILED: $*"; exit 1; }
`
  return {
    at,
    read: (path: string) => readFile(at(path), 'utf8'),
    run: (line: string) => runShell(`${SYSTEM_FUNCTIONS}\n${stubs}\n${line}`, { cwd: directory }),
  }
}

t.test('a file is written with its mode; a link of the image is not followed', async (t) => {
  const target = await makeTarget(t, { 'etc/x': '' })
  const outside = join(target.at('..'), 'outside')
  await writeFile(outside, 'untouched')
  await symlink(outside, target.at('etc/hostname'))
  const text = "a 'b' $c\n\\n"
  const quoted = `'${text.replaceAll("'", "'\\''")}'`
  const { status } = await target.run(`write_file /etc/hostname 0600 ${quoted}`)
  t.equal(status, 0)
  t.equal(await target.read('etc/hostname'), text)
  t.equal(((await stat(target.at('etc/hostname'))).mode & 0o777).toString(8), '600')
  t.equal(await readFile(outside, 'utf8'), 'untouched')
})

t.test('what makes an image itself is forgotten', async (t) => {
  const target = await makeTarget(t, {
    'var/lib/cloud/instance/x': 'old',
    'etc/machine-id': 'old',
    'var/lib/dbus/machine-id': 'old',
    'etc/cloud/cloud-init.disabled': '',
  })
  t.equal((await target.run('forget_identity')).status, 0)
  t.equal(await target.read('etc/machine-id'), '')
  for (const gone of [
    'var/lib/cloud',
    'var/lib/dbus/machine-id',
    'etc/cloud/cloud-init.disabled',
  ]) {
    await t.rejects(stat(target.at(gone)), { code: 'ENOENT' })
  }
})

t.test('the network goes to netplan where it is, else to cloud-init', async (t) => {
  const netplan = await makeTarget(t, { 'usr/sbin/netplan': '', 'etc/netplan/50-old.yaml': 'old' })
  t.equal((await netplan.run("write_network 'network: {version: 2}'")).status, 0)
  t.equal(await netplan.read('etc/netplan/50-ironraft.yaml'), 'network: {version: 2}')
  await t.rejects(stat(netplan.at('etc/netplan/50-old.yaml')))
  const off = await netplan.read('etc/cloud/cloud.cfg.d/99-ironraft-network.cfg')
  t.equal(off, 'network: {config: disabled}\n')
  const plain = await makeTarget(t)
  await plain.run("write_network 'network: {version: 2}'")
  const on = await plain.read('etc/cloud/cloud.cfg.d/99-ironraft-network.cfg')
  t.equal(on, 'network: {version: 2}')
})

t.test('cloud-init sets no locale where none can be made', async (t) => {
  const cfg = 'etc/cloud/cloud.cfg.d/91-ironraft-locale.cfg'
  const without = await makeTarget(t)
  t.equal((await without.run('settle_locale')).status, 0)
  t.equal(await without.read(cfg), 'locale: false\n')
  const able = await makeTarget(t, { 'usr/sbin/locale-gen': '' })
  t.equal((await able.run('settle_locale')).status, 0)
  await t.rejects(stat(able.at(cfg)), { code: 'ENOENT' })
})

t.test('the newest kernel starts, with its initrd, from where it lies', async (t) => {
  const target = await makeTarget(t, {
    'boot/vmlinuz-6.1.0-9-amd64': '',
    'boot/vmlinuz-6.1.0-10-amd64': '',
    'boot/initrd.img-6.1.0-10-amd64': '',
  })
  t.equal((await target.run("write_grub_config UUID-1 /boot 'root=UUID=x ro'")).status, 0)
  const text = await target.read('boot/grub/grub.cfg')
  t.match(text, '--set=root UUID-1\n')
  t.match(text, '  linux /boot/vmlinuz-6.1.0-10-amd64 root=UUID=x ro\n')
  t.match(text, '  initrd /boot/initrd.img-6.1.0-10-amd64\n')
  const bare = await makeTarget(t, { 'boot/x': '' })
  t.match(
    (await bare.run("write_grub_config UUID-1 '' ro")).stdout,
    'FAILED: the image has no kernel',
  )
})

t.test('what the image lacks is asked of its archive, by its distribution', async (t) => {
  const needs = 'need_kernel; need_boot_loader; need mdadm mdadm; echo "$PACKAGES"'
  const none = 'has() { false; }'
  const debian = await makeTarget(t, { 'etc/os-release': 'ID=debian\n', 'boot/x': '' })
  const asked = (await debian.run(`${none}; ${needs}`)).stdout.trim()
  t.equal(asked, 'linux-image-amd64 grub2-common grub-pc-bin mdadm')
  const ubuntu = await makeTarget(t, { 'etc/os-release': 'ID="ubuntu"\n', 'boot/x': '' })
  t.match(
    (await ubuntu.run(`${none}; FIRMWARE=uefi; ${needs}`)).stdout,
    /linux-generic .*shim-signed/,
  )
  const whole = await makeTarget(t, { 'boot/vmlinuz-1': '', 'usr/lib/grub/i386-pc/x': '' })
  t.equal((await whole.run(`has() { true; }; ${needs}; install_packages`)).stdout, '\n')
  const other = await makeTarget(t)
  const refused = await other.run(`${none}; PACKAGES=' mdadm'; install_packages`)
  t.match(refused.stdout, 'FAILED: the image lacks mdadm and has no apt-get')
})

t.test('the loader of the firmware in use must be there, the other one may be', async (t) => {
  const grub = 'grub_install() { echo "$*"; }; mountpoint() { true; }'
  const both = await makeTarget(t, {
    'usr/lib/grub/i386-pc/x': '',
    'usr/lib/grub/x86_64-efi/x': '',
  })
  const lines = (await both.run(`${grub}; grub_bios /dev/sda; grub_efi x86_64-efi`)).stdout
  t.match(lines, '--target=i386-pc /dev/sda\n--target=x86_64-efi --efi-directory=/boot/efi')
  const bios = await makeTarget(t, { 'usr/lib/grub/i386-pc/x': '' })
  t.equal((await bios.run(`${grub}; grub_efi x86_64-efi`)).status, 0)
  const missing = await bios.run(`${grub}; FIRMWARE=uefi; grub_efi x86_64-efi`)
  t.match(missing.stdout, 'FAILED: no boot loader for uefi')
})

t.test('netboot_off is unsigned, what follows is signed, and it must be taken', async (t) => {
  const target = await makeTarget(t)
  const post = 'post() { echo "$1 $(cat "$2") $3 [$OAUTH]"; }; OAUTH=secret'
  const { stdout } = await target.run(
    `${post}; netboot_off http://x/; post http://y "$WORK/netboot-off" z`,
  )
  t.equal(
    stdout,
    'http://x/ op=netboot_off application/x-www-form-urlencoded []\n' +
      'http://y op=netboot_off z [secret]\n',
  )
  const refused = await target.run('post() { false; }; netboot_off http://x/')
  t.match(refused.stdout, 'FAILED: the region did not take netboot_off')
})
