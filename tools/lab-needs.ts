// What the second tier of tests needs of its host, and the Debian package that brings it. Run by itself it
// prints the packages, for `apt-get install`.
import { access } from 'node:fs/promises'
import { constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Command or absolute path → Debian package. */
const LAB_NEEDS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  '/usr/share/OVMF/OVMF_CODE_4M.fd': 'ovmf',
  '/usr/lib/ipxe/undionly.kpxe': 'ipxe',
  '/usr/lib/ipxe/qemu/pxe-virtio.rom': 'ipxe-qemu',
  '/usr/lib/PXELINUX/lpxelinux.0': 'pxelinux',
  '/usr/lib/syslinux/modules/bios/ldlinux.c32': 'syslinux-common',
  '/usr/lib/shim/shimx64.efi.signed': 'shim-signed',
  '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed': 'grub-efi-amd64-signed',
  mmdebstrap: 'mmdebstrap',
  mksquashfs: 'squashfs-tools',
  '/usr/share/seabios/bios-256k.bin': 'seabios',
  udhcpc: 'udhcpc',
  dhclient: 'isc-dhcp-client',
  dnsmasq: 'dnsmasq-base',
  busybox: 'busybox-static',
  cpio: 'cpio',
  sfdisk: 'fdisk',
  depmod: 'kmod',
  zstd: 'zstd',
  gzip: 'gzip',
  dig: 'bind9-dnsutils',
  kdig: 'knot-dnsutils',
  drill: 'ldnsutils',
  ipmitool: 'ipmitool',
  ipmi_sim: 'openipmi',
  ssh: 'openssh-client',
  // Libraries of cloud-init, which is not installed itself: it would run at the next boot of this host.
  '/usr/bin/python3': 'python3',
  ...Object.fromEntries(
    ['configobj', 'jinja2', 'jsonschema', 'oauthlib', 'requests', 'yaml'].map((name) => [
      `/usr/lib/python3/dist-packages/${name}/__init__.py`,
      `python3-${name}`,
    ]),
  ),
  '/usr/lib/python3/dist-packages/jsonpatch.py': 'python3-jsonpatch',
}

/** Sentences, none when the tier can run. */
export async function missingForLab(needs = LAB_NEEDS): Promise<readonly string[]> {
  const missing: string[] = []
  if (process.platform !== 'linux') missing.push('Linux')
  if (process.getuid?.() !== 0) missing.push('root (namespaces and raw sockets)')
  for (const { name, debianPackage } of await packagesOf(needs)) {
    missing.push(`${name} (package ${debianPackage})`)
  }
  return missing
}

/** Those of `needs` that are not on this host. */
export async function packagesOf(
  needs: Readonly<Record<string, string>>,
): Promise<readonly { readonly name: string; readonly debianPackage: string }[]> {
  const missing: { readonly name: string; readonly debianPackage: string }[] = []
  for (const [name, debianPackage] of Object.entries(needs)) {
    if (!(await exists(name))) missing.push({ name, debianPackage })
  }
  return missing
}

async function exists(name: string): Promise<boolean> {
  const path = process.env['PATH'] ?? ''
  const places = [...new Set([...path.split(delimiter), '/usr/sbin', '/sbin'])]
  const candidates = name.startsWith('/') ? [name] : places.map((place) => join(place, name))
  for (const candidate of candidates) {
    const found = await access(candidate, constants.R_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

if (import.meta.main) console.log([...new Set(Object.values(LAB_NEEDS))].toSorted().join(' '))
