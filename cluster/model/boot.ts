// Network boot vocabulary shared by DHCP, TFTP and HTTP: client architectures and boot resources.
import type { BootResourceId, DomainId, SystemId } from './ids.ts'
import type { MacAddress } from './mac-address.ts'
import type { MachinePower } from './power-poll.ts'

/** Kinds of root images by MAAS's names, and how each is packed in the installer's words. */
export const ROOT_KINDS = {
  squashfs: 'squashfs',
  'root-tgz': 'tgz',
  'root-tbz': 'tbz',
  'root-txz': 'txz',
  'root-dd': 'ddtgz',
  'root-dd.tar': 'ddtar',
  'root-dd.tar.bz2': 'ddtbz',
  'root-dd.tar.xz': 'ddtxz',
  'root-dd.raw': 'ddraw',
  'root-dd.gz': 'ddgz',
  'root-dd.bz2': 'ddbz2',
  'root-dd.xz': 'ddxz',
} as const
export type RootKind = keyof typeof ROOT_KINDS

export type BootFileKind = 'boot-kernel' | 'boot-initrd' | 'boot-dtb' | 'bootloader' | RootKind

/** In the order of their use, the plain ones first. */
export const BOOT_FILE_KINDS: readonly BootFileKind[] = [
  ...(['boot-kernel', 'boot-initrd', 'boot-dtb', 'bootloader'] as const),
  ...(Object.keys(ROOT_KINDS) as RootKind[]),
]

export function isRootKind(kind: BootFileKind): kind is RootKind {
  return Object.hasOwn(ROOT_KINDS, kind)
}

/** A content-addressed file: bytes never enter the log (D10). */
export type BootFile = {
  readonly kind: BootFileKind
  readonly filename: string
  /** Hex, 64 characters. */
  readonly sha256: string
  readonly sizeBytes: number
}

export type BootResource = {
  readonly id: BootResourceId
  /** `os/release`, e.g. `debian/bookworm`, or `enlist/agent` for the enlistment environment. */
  readonly name: string
  /** `amd64/generic` */
  readonly architecture: string
  readonly title: string
  readonly type: 'Synced' | 'Generated' | 'Uploaded'
  /** Empty while its first upload is under way: there is nothing to boot then. */
  readonly files: readonly BootFile[]
  readonly updatedWall: number
  /** Of the files; absent in rows of earlier versions, as everything below. */
  readonly version?: string
  /** Of the source, such as `stable`. */
  readonly label?: string
  /** Kernels it is for beside the one of `architecture`. */
  readonly subarches?: readonly string[]
  /** `os/release` that a custom image was made from. */
  readonly baseImage?: string
  /** Where it was imported from. */
  readonly sourceId?: number
  /** Files it had before: who began to boot from them goes on until `until` (log time). */
  readonly retired?: { readonly files: readonly BootFile[]; readonly until: number }
}

/** Why a machine boots from the network (maas-boot §3). */
export type BootPurpose = 'enlist' | 'commissioning' | 'xinstall' | 'local' | 'poweroff'

/** What a rack must know of one machine to boot it, and to ask its BMC. */
export type MachineBoot = {
  readonly systemId: SystemId
  readonly hostname: string
  readonly macs: readonly MacAddress[]
  readonly architecture: string
  readonly purpose: BootPurpose
  /** The boot resource that it runs from memory as its own system (`os/release`). Absent: it runs none. */
  readonly memoryImage?: string
  /** Absent: no BMC. */
  readonly power?: MachinePower
  /** Absent: whichever is the default one. */
  readonly domainId?: DomainId
  /** Words for the kernel's command line from the machine's tags. Absent: none, or the region is too old to say. */
  readonly kernelOptions?: string
}
