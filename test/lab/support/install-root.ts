// A Debian root with the tools of an installer, built once per list of packages and kept: kernel, initrd, squashfs. It
// is both the ephemeral system (on a disk instead of from a rack, so the tests need no DHCP) and the image.
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type InstallRoot = {
  readonly kernel: string
  readonly initrd: string
  readonly squashfs: string
  readonly sha256: string
  readonly sizeBytes: number
}

const PACKAGES = [
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'busybox', 'systemd-sysv', 'udev', 'zstd'],
  ...['cloud-init', 'python3-oauthlib', 'netplan.io', 'iproute2', 'openssh-server'],
  ...['fdisk', 'dosfstools', 'e2fsprogs', 'xfsprogs', 'btrfs-progs', 'squashfs-tools'],
  ...['mdadm', 'lvm2', 'bcache-tools', 'xz-utils', 'bzip2', 'ca-certificates'],
  ...['grub-pc-bin', 'grub-efi-amd64-bin', 'grub2-common', 'grub-efi-amd64-signed', 'shim-signed'],
]

/** Sourced by the initrd's /init for `boot=lab`: the disk with serial IMAGE, writable in memory only. */
const MOUNT_SCRIPT = `mountroot() {
  modprobe -a virtio_blk squashfs overlay loop
  disk=
  while [ -z "$disk" ]; do
    for entry in /sys/block/vd*; do
      [ "$(cat "$entry/serial" 2>/dev/null)" != IMAGE ] || disk=/dev/$(basename "$entry")
    done
  done
  mkdir -p /run/lab
  mount -t tmpfs -o size=90% tmpfs /run/lab
  mkdir -p /run/lab/ro /run/lab/upper /run/lab/work
  mount -t squashfs -o ro "$disk" /run/lab/ro
  mount -t overlay -o lowerdir=/run/lab/ro,upperdir=/run/lab/upper,workdir=/run/lab/work \\
    overlay "$rootmnt"
  cp /lab-init "$rootmnt/lab-init"
}
`

/** Process 1 of the ephemeral system: udev, network of QEMU's user mode, the script, end. */
const INIT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec </dev/null >/dev/console 2>&1
/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add
udevadm settle
modprobe virtio_net
ip link set lo up
name=$(basename /sys/class/net/e*)
ip addr add 10.0.2.15/24 dev "$name"
ip link set "$name" up
ip route add default via 10.0.2.2
url=$(sed -n 's/.*lab.script=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], "/tmp/script")' "$url"
echo "lab: start $(cut -d ' ' -f 1 /proc/uptime)"
sh /tmp/script
echo "lab: status $? at $(cut -d ' ' -f 1 /proc/uptime)"
tail -n 40 /tmp/install.log
reboot -f
`

export async function installRoot(say: (line: string) => void): Promise<InstallRoot> {
  const key = createHash('sha256')
    .update(JSON.stringify([PACKAGES, MOUNT_SCRIPT, INIT]))
    .digest('hex')
  const directory = join(tmpdir(), `ironraft-install-root-${key.slice(0, 12)}`)
  const isThere = await access(directory).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    say('building a Debian root, about two minutes')
    const work = `${directory}.${process.pid}`
    await mkdir(work, { recursive: true })
    await build(work)
    await rename(work, directory)
  }
  const squashfs = join(directory, 'root.squashfs')
  const sha256 = createHash('sha256')
    .update(await readFile(squashfs))
    .digest('hex')
  const { size } = await stat(squashfs)
  const [kernel, initrd] = [join(directory, 'vmlinuz'), join(directory, 'initrd')]
  return { kernel, initrd, squashfs, sha256, sizeBytes: size }
}

async function build(work: string): Promise<void> {
  const shell = (script: string) =>
    run('sh', ['-euc', script], {
      cwd: work,
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
      timeout: 600_000,
      maxBuffer: 64 << 20,
    })
  const hook = `#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules squashfs overlay loop
`
  await writeFile(join(work, 'hook'), hook, { mode: 0o755 })
  await mkdir(join(work, 'extra', 'scripts'), { recursive: true })
  await writeFile(join(work, 'extra', 'scripts', 'lab'), MOUNT_SCRIPT)
  await writeFile(join(work, 'extra', 'lab-init'), INIT, { mode: 0o755 })
  const without = ['man', 'doc', 'locale'].map((name) => `path-exclude=/usr/share/${name}/*`)
  const hooks = [
    'mkdir -p "$1/etc/initramfs-tools/hooks"',
    'cp hook "$1/etc/initramfs-tools/hooks/lab"',
  ]
  await run(
    'mmdebstrap',
    [
      ...['--variant=minbase', '--mode=root', `--include=${PACKAGES.join(',')}`],
      ...without.map((option) => `--dpkgopt=${option}`),
      ...hooks.map((line) => `--essential-hook=${line}`),
      ...['bookworm', 'root.tar', 'http://deb.debian.org/debian'],
    ],
    { cwd: work, timeout: 600_000, maxBuffer: 64 << 20 },
  )
  await shell(`
mksquashfs - root.squashfs -tar -quiet -no-progress -comp zstd -Xcompression-level 3 \
  -root-mode 755 -root-uid 0 -root-gid 0 <root.tar
tar xf root.tar --wildcards './boot/vmlinuz-*' './boot/initrd.img-*'
mv boot/vmlinuz-* vmlinuz
(cd extra && find . | cpio -o -H newc --quiet | gzip -9) >extra.cpio.gz
cat boot/initrd.img-* extra.cpio.gz >initrd
`)
  const kept = new Set(['root.squashfs', 'vmlinuz', 'initrd'])
  for (const name of await readdir(work)) {
    if (!kept.has(name)) await rm(join(work, name), { recursive: true })
  }
}
