// All that the installer must know of one machine to write its disks: gathered by the metadata service from the state,
// turned into a script by `install-script.ts`. Pure data.
import type { BlockDevice } from '#model/machine.ts'
import type { StorageConfig } from '#model/storage.ts'

/** How the image is packed. `squashfs` and `tgz … tzst` are a root file system; `dd*` a whole disk. */
export type ImageKind =
  | 'squashfs'
  | ('tar' | 'tgz' | 'tbz' | 'txz' | 'tzst')
  | ('ddraw' | 'ddgz' | 'ddbz2' | 'ddxz' | 'ddzst')
  | ('ddtar' | 'ddtgz' | 'ddtbz' | 'ddtxz')

export type InstallInput = {
  readonly systemId: string
  readonly hostname: string
  readonly fqdn: string
  readonly architecture: 'amd64' | 'arm64'
  readonly osSystem: string
  readonly distroSeries: string
  readonly image: {
    readonly kind: ImageKind
    readonly sha256: string
    readonly sizeBytes: number
  }
  /** Physical disks, found on the machine by `idPath`, else serial, else name. */
  readonly disks: readonly BlockDevice[]
  /** Never bare: the API gives the layout in force, `flat` by default. */
  readonly storage: StorageConfig
  /** YAML for /etc/netplan and for cloud-init's `network:`; '' leaves the image's own. */
  readonly netplan: string
  /** For the kernel command line of the installed system; '' when none. */
  readonly kernelOptions: string
  /** The machine's token: of the installer, and of the installed system. */
  readonly keys: {
    readonly consumerKey: string
    readonly tokenKey: string
    readonly tokenSecret: string
  }
  /** Racks and regions, in the order in which they are asked; at least one. */
  readonly places: readonly Place[]
}

export type Place = {
  /** `http://192.0.2.1:5248/MAAS`; neither has a space in it. */
  readonly base: string
  /** Of a rack `http://192.0.2.1:5248/images/<sha256>/<kind>`. */
  readonly imageUrl: string
}

/** Below a base: progress and the log are posted there, signed. */
export function statusPath({ systemId }: InstallInput): string {
  return `/metadata/status/${systemId}`
}

/** Below a base: `op=netboot_off` at the end. */
export function netbootPath({ systemId }: InstallInput): string {
  return `/metadata/latest/by-id/${systemId}/`
}

/** Below a base: where the installed system finds its metadata. */
export const METADATA_PATH = '/metadata/'
