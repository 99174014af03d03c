// Network boot vocabulary shared by DHCP, TFTP and HTTP: client architectures and boot resources.
import type { BootResourceId, DomainId, SystemId } from './ids.ts'
import type { MacAddress } from './mac-address.ts'
import type { MachinePower } from './power-poll.ts'

export type BootFileKind = 'boot-kernel' | 'boot-initrd' | 'squashfs' | 'bootloader'

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
  readonly files: readonly BootFile[]
  readonly updatedWall: number
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
  /** Absent: no BMC. */
  readonly power?: MachinePower
  /** Absent: whichever is the default one. */
  readonly domainId?: DomainId
}
