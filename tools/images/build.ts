// Builds the enlistment environment from Debian's packages alone: a kernel and a small initramfs that holds
// busybox, the drivers a network boot needs and our agent. Same packages, same bytes: names are sorted and
// times are fixed. Takes about five seconds for the cloud kernel once the packages are there.
//
// Needs: apt-get (download only), dpkg-deb, kmod, cpio, gzip and Debian's busybox-static.
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { AppError } from '#model/errors.ts'
import { type BuiltImage, writeImage } from './built-image.ts'
import { tool } from './run-tool.ts'

export type KernelKind = 'cloud' | 'full'

/** Drivers of virtual and of common real machines; what a kernel has built in is skipped. */
const MODULES = [
  ...['virtio_pci', 'virtio_net', 'virtio_blk', 'virtio_scsi', 'virtio_rng'],
  ...['e1000', 'e1000e', 'igb', 'ixgbe', 'i40e', 'ice', 'tg3', 'bnxt_en', 'r8169', 'mlx5_core'],
  ...['ahci', 'ata_piix', 'nvme', 'sd_mod', 'megaraid_sas', 'mpt3sas', 'efivarfs', 'af_packet'],
]

/** Builds into `out` and writes `image.json` there; `say` gets a line per step. */
export async function buildEnlistImage(options: {
  readonly out: string
  readonly kernel: KernelKind
  readonly say: (line: string) => void
}): Promise<BuiltImage> {
  const work = await mkdtemp(join(tmpdir(), 'ironraft-image-'))
  try {
    const version = await unpackKernel(work, options.kernel, options.say)
    const root = join(work, 'initramfs')
    await copyAgent(root)
    const modules = await copyModules({ from: join(work, 'kernel'), to: root, version })
    options.say(`${modules} modules of ${version}`)
    await mkdir(options.out, { recursive: true })
    const initrd = join(options.out, 'boot-initrd')
    await packInitramfs(root, initrd)
    const kernel = join(options.out, 'boot-kernel')
    await copyFile(join(work, 'kernel', 'boot', `vmlinuz-${version}`), kernel)
    return await writeImage(options.out, {
      name: 'enlist/agent',
      title: `Enlistment agent on Debian ${version}`,
      kinds: ['boot-kernel', 'boot-initrd'],
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Downloads the newest kernel package without installing it; answers its version string. */
async function unpackKernel(
  work: string,
  kind: KernelKind,
  say: (line: string) => void,
): Promise<string> {
  const meta = kind === 'cloud' ? 'linux-image-cloud-amd64' : 'linux-image-amd64'
  const { stdout } = await tool('apt-cache', ['depends', '--important', meta])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (name === undefined) {
    throw new AppError('NOT_FOUND', `apt knows no kernel behind ${meta}; run apt-get update first.`)
  }
  say(`downloading ${name}`)
  await tool('apt-get', ['download', '--quiet', name], { cwd: work })
  const deb = (await readdir(work)).find((file) => file.endsWith('.deb'))
  if (deb === undefined) throw new AppError('NOT_FOUND', `apt-get did not download ${name}.`)
  await tool('dpkg-deb', ['--extract', join(work, deb), join(work, 'kernel')])
  return name.replace('linux-image-', '')
}

async function copyAgent(root: string): Promise<void> {
  const agent = join(import.meta.dirname, 'agent')
  await mkdir(join(root, 'bin'), { recursive: true })
  for (const file of ['init', 'udhcpc.script']) {
    await copyFile(join(agent, file), join(root, file))
    await chmod(join(root, file), 0o755)
  }
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox')).catch((cause: unknown) => {
    throw new AppError('NOT_FOUND', 'Debian package busybox-static is needed.', { cause })
  })
  await chmod(join(root, 'bin', 'busybox'), 0o755)
}

/** Copies each module with what it depends on; answers how many there are. */
async function copyModules(options: {
  readonly from: string
  readonly to: string
  readonly version: string
}): Promise<number> {
  const { from, to, version } = options
  await tool('depmod', ['-b', from, version])
  const paths = new Set<string>()
  for (const name of MODULES) {
    const args = ['-d', from, '-S', version, '--show-depends', name]
    const { stdout } = await tool('modprobe', args).catch(() => ({ stdout: '' }))
    for (const match of stdout.matchAll(/^insmod (\S+)/gm)) paths.add(match[1] ?? '')
  }
  for (const path of [...paths].toSorted()) {
    const target = join(to, relative(from, path))
    await mkdir(dirname(target), { recursive: true })
    await copyFile(path, target)
  }
  const library = join('lib', 'modules', version)
  for (const list of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await cp(join(from, library, list), join(to, library, list))
  }
  await tool('depmod', ['-b', to, version])
  return paths.size
}

async function packInitramfs(root: string, out: string): Promise<void> {
  const script =
    'find . -print0 | LC_ALL=C sort -z | xargs -0 touch -h -d @0 && ' +
    'find . -print0 | LC_ALL=C sort -z | ' +
    'cpio --quiet --null --create --format=newc --owner=0:0 --reproducible | gzip -9n > "$1"'
  await tool('bash', ['-o', 'pipefail', '-c', script, 'pack', out], { cwd: root })
}
