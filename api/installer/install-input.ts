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
    /** Of this rack, `http://192.0.2.1:5248/images/<sha256>/<kind>`. */
    readonly url: string
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
  /** Where the installed system finds its metadata, and with which token. */
  readonly datasource: {
    readonly metadataUrl: string
    readonly consumerKey: string
    readonly tokenKey: string
    readonly tokenSecret: string
  }
  /** `…/MAAS/metadata/status/<system_id>`: progress and the log are posted there, signed. */
  readonly statusUrl: string
  /** `…/MAAS/metadata/latest/by-id/<system_id>/`: `op=netboot_off` at the end. */
  readonly netbootUrl: string
}
