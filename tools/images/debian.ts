// Builds the Debian image: the ephemeral system in which machines are commissioned, tested, erased, rescued and
// installed, and at the same time what is installed on their disks. Debian's packages by mmdebstrap, a boot script of
// our own in the initrd (`debian/`), packed as squashfs. Same packages, same bytes: times are fixed, what is random or of
// this host (keys, ids, names) is removed. About 90 seconds with a mirror nearby.
//
// Needs: root (or subordinate ids), mmdebstrap, mksquashfs, tar; 2 GB in the temporary directory.
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { type BuiltImage, writeImage } from './built-image.ts'
import { longTool, tool } from './run-tool.ts'

export type DebianVariant = 'small' | 'full'

export type DebianOptions = {
  readonly out: string
  readonly variant: DebianVariant
  /** Base URLs, without a slash at their end. */
  readonly mirror: string
  readonly securityMirror: string
  /** Seconds since 1970, for every time in the image that is later. */
  readonly epochSeconds: number
  readonly say: (line: string) => void
}

export const DEBIAN_DEFAULTS = {
  mirror: 'http://deb.debian.org/debian',
  securityMirror: 'http://deb.debian.org/debian-security',
  /** Bookworm's release. */
  epochSeconds: Date.UTC(2023, 5, 10) / 1000,
}

const SOURCES = join(import.meta.dirname, 'debian')
/** What decides about the content besides Debian's packages. */
export const DEBIAN_SOURCES: readonly string[] = [
  import.meta.filename,
  ...['initramfs-boot', 'initramfs-hook', 'seed', 'customize'].map((name) => join(SOURCES, name)),
]

const PACKAGES: readonly string[] = [
  // To boot: from the network, from disks of every layout, by BIOS, UEFI and Secure Boot.
  ...['initramfs-tools', 'busybox', 'zstd', 'systemd-sysv', 'dbus', 'udev', 'kmod'],
  ...['grub-pc-bin', 'grub-efi-amd64-bin', 'grub2-common', 'grub-efi-amd64-signed', 'shim-signed'],
  'efibootmgr',
  // To be told what to do.
  ...['cloud-init', 'python3-oauthlib', 'cloud-guest-utils', 'openssh-server', 'sudo'],
  // Network.
  ...['netplan.io', 'systemd-resolved', 'iproute2', 'iputils-ping', 'ethtool', 'curl', 'wget'],
  ...['ca-certificates', 'systemd-timesyncd'],
  // Disks.
  ...['gdisk', 'fdisk', 'parted', 'dosfstools', 'e2fsprogs', 'xfsprogs', 'btrfs-progs', 'lvm2'],
  ...['mdadm', 'bcache-tools', 'squashfs-tools', 'xz-utils', 'bzip2'],
  // To look at hardware.
  ...['dmidecode', 'ipmitool', 'lshw', 'pciutils', 'pci.ids', 'usbutils'],
]

const OF_VARIANT: { readonly [V in DebianVariant]: readonly string[] } = {
  /** For virtual machines: a kernel without drivers of real disks, cards and BMCs. */
  small: ['linux-image-cloud-amd64'],
  full: ['linux-image-amd64', 'smartmontools', 'nvme-cli', 'hdparm', 'lldpd', 'fio'],
}

/** Read by people only, and found on any other Debian. Copyrights stay. */
const LEFT_OUT: readonly string[] = [
  ...['/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/doc/*'],
]

/** Builds into `out` and writes `image.json` there. Throws NOT_FOUND: a tool is missing, or failed. */
export async function buildDebianImage(options: DebianOptions): Promise<BuiltImage> {
  const { out, say } = options
  const work = await mkdtemp(join(tmpdir(), 'ironraft-debian-'))
  try {
    await chmod(work, 0o755)
    const root = join(work, 'root.tar')
    await bootstrap(root, options)
    const version = await kernelVersion(root)
    say(`kernel ${version}`)
    await mkdir(out, { recursive: true })
    await unpackBoot({ root, work, version, out })
    say('packing the squashfs')
    await pack(root, join(work, 'squashfs'), options.epochSeconds)
    await moveInto(join(work, 'squashfs'), join(out, 'squashfs'))
    return await writeImage(out, {
      name: 'debian/bookworm',
      title: `Debian 12 (${options.variant}, ${version})`,
      kinds: ['boot-kernel', 'boot-initrd', 'squashfs'],
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export function bootstrapArguments(root: string, options: DebianOptions): readonly string[] {
  const { mirror, securityMirror, variant } = options
  const packages = [...PACKAGES, ...OF_VARIANT[variant]]
  const initramfs = '"$1"/etc/initramfs-tools'
  const put = (name: string, path: string, mode: string): string =>
    `--essential-hook=install -D -m ${mode} ${quoted(join(SOURCES, name))} ${path}`
  return [
    ...['--variant=minbase', '--architectures=amd64', '--format=tar'],
    `--include=${packages.join(',')}`,
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    '--dpkgopt=path-include=/usr/share/locale/locale.alias',
    // Before the kernel comes, so that its initrd is made once.
    put('initramfs-hook', `${initramfs}/hooks/ironraft`, '755'),
    put('initramfs-boot', `${initramfs}/scripts/ironraft`, '644'),
    put('seed', '"$1"/usr/lib/ironraft/seed', '755'),
    `--customize-hook=sh ${quoted(join(SOURCES, 'customize'))} "$1"`,
    'bookworm',
    root,
    `deb ${mirror} bookworm main`,
    `deb ${mirror} bookworm-updates main`,
    `deb ${securityMirror} bookworm-security main`,
  ]
}

async function bootstrap(root: string, options: DebianOptions): Promise<void> {
  const { say } = options
  say(`bootstrapping bookworm (${options.variant}) from ${options.mirror}`)
  await longTool('mmdebstrap', bootstrapArguments(root, options), {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(options.epochSeconds), LC_ALL: 'C.UTF-8' },
    // Its own progress; what dpkg prints is kept out.
    say: (line) => {
      if (/^[IWE]: /.test(line)) say(line.slice(3))
    },
  })
}

async function kernelVersion(root: string): Promise<string> {
  const { stdout } = await tool('tar', ['-tf', root, '--wildcards', './boot/vmlinuz-*'])
  const versions = stdout.trim().split('\n')
  const version = /^\.\/boot\/vmlinuz-(\S+)$/.exec(versions[0] ?? '')?.[1]
  if (version === undefined || versions.length !== 1) {
    throw new AppError('NOT_FOUND', 'The image holds no kernel, or more than one.')
  }
  return version
}

async function unpackBoot(from: {
  readonly root: string
  readonly work: string
  readonly version: string
  readonly out: string
}): Promise<void> {
  const { root, work, version, out } = from
  const [kernel, initrd] = [`./boot/vmlinuz-${version}`, `./boot/initrd.img-${version}`]
  await tool('tar', ['-xf', root, '-C', work, kernel, initrd])
  await moveInto(join(work, kernel), join(out, 'boot-kernel'))
  await moveInto(join(work, initrd), join(out, 'boot-initrd'))
}

/** Without `-root-mode` the root directory would be 0777, which sshd and tmpfiles refuse. */
async function pack(tar: string, squashfs: string, epochSeconds: number): Promise<void> {
  const args = [
    ...['-tar', '-comp', 'zstd', '-Xcompression-level', '3', '-noappend', '-no-progress'],
    ...['-root-mode', '755', '-root-uid', '0', '-root-gid', '0', '-quiet'],
  ]
  const script = `mksquashfs - "$1" ${args.join(' ')} <"$2"`
  await longTool('sh', ['-c', script, 'pack', squashfs, tar], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
    say: () => {},
  })
}

/** Also between file systems; whoever reads the old file goes on reading it. */
async function moveInto(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.part`)
  await chmod(`${to}.part`, 0o644)
  await rename(`${to}.part`, to)
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
