// What a lab needs of its host, said all at once and with the line that brings it.
import { access } from 'node:fs/promises'
import { constants } from 'node:fs'
import { AppError } from '#model/errors.ts'
import { packagesOf } from '../lab-needs.ts'
import type { LabWishes } from './plan.ts'
import { OVMF_CODE, OVMF_VARIABLES } from './qemu-arguments.ts'

const ALWAYS = { ip: 'iproute2', flock: 'util-linux' }
const MACHINES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  '/usr/lib/ipxe/qemu/pxe-virtio.rom': 'ipxe-qemu',
  '/usr/lib/ipxe/undionly.kpxe': 'ipxe',
}
const BIOS = {
  '/usr/share/seabios/bios-256k.bin': 'seabios',
  ipmi_sim: 'openipmi',
  ipmitool: 'ipmitool',
}
const UEFI = { [OVMF_CODE]: 'ovmf', [OVMF_VARIABLES]: 'ovmf' }
const IMAGE = {
  busybox: 'busybox-static',
  cpio: 'cpio',
  depmod: 'kmod',
  gzip: 'gzip',
  'dpkg-deb': 'dpkg',
}

export type Host = {
  readonly platform: string
  readonly isRoot: boolean
  readonly canOpen: (path: string) => Promise<boolean>
  /** Those of the commands and files that are not there, with their packages. */
  readonly missing: (
    needs: Readonly<Record<string, string>>,
  ) => Promise<readonly { readonly name: string; readonly debianPackage: string }[]>
}

const THIS_HOST: Host = {
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  canOpen: (path) =>
    access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    ),
  missing: packagesOf,
}

/** Throws FORBIDDEN for a user who is not root, INTERNAL that names what is missing. */
export async function expectNeeds(
  wishes: Pick<LabWishes, 'machineCount' | 'firmware' | 'accelerator'>,
  buildsImage: boolean,
  host: Host = THIS_HOST,
): Promise<void> {
  if (host.platform !== 'linux') throw new AppError('INTERNAL', 'A lab needs Linux.')
  if (!host.isRoot) throw new AppError('FORBIDDEN', 'A lab needs root: network namespaces.')
  const hasMachines = wishes.machineCount > 0
  const missing = await host.missing({
    ...ALWAYS,
    ...(hasMachines ? MACHINES : {}),
    ...(hasMachines && wishes.firmware.includes('bios') ? BIOS : {}),
    ...(hasMachines && wishes.firmware.includes('uefi') ? UEFI : {}),
    ...(buildsImage ? IMAGE : {}),
  })
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ')
    const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))].toSorted()
    const line = `apt-get install --no-install-recommends ${packages.join(' ')}`
    throw new AppError('INTERNAL', `A lab needs ${names}: ${line}`)
  }
  if (hasMachines && !(await host.canOpen('/dev/net/tun'))) {
    throw new AppError('INTERNAL', 'A lab needs /dev/net/tun: modprobe tun.')
  }
  if (wishes.accelerator === 'kvm' && !(await host.canOpen('/dev/kvm'))) {
    throw new AppError('INTERNAL', 'There is no usable /dev/kvm: leave out --kvm.')
  }
}
