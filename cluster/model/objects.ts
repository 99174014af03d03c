// The smaller things an operator keeps in a region: zones, pools, tags, repositories, notifications, files,
// license keys, scripts, boot sources, DHCP snippets, devices. Rows of tables of the same names; `id` is a
// counter of the table. What MAAS has from its first start is in DEFAULT_ROWS until somebody changes it.
import type { DomainId, IpRangeId, SubnetId, SystemId, UserId } from './ids.ts'

/** Physical place of nodes. */
export type Zone = { readonly id: number; readonly name: string; readonly description: string }

/** Whom machines are for. */
export type ResourcePool = Zone

/** Nodes carry the names of their tags; `definition` is an XPath that nothing here evaluates. */
export type Tag = {
  readonly id: number
  readonly name: string
  readonly definition: string
  readonly comment: string
  readonly kernelOpts: string
}

export type PackageRepository = {
  readonly id: number
  readonly name: string
  readonly url: string
  readonly distributions: readonly string[]
  readonly disabledPockets: readonly string[]
  readonly disabledComponents: readonly string[]
  readonly disableSources: boolean
  readonly components: readonly string[]
  readonly arches: readonly string[]
  /** Public key in ASCII armour; '' when none. */
  readonly key: string
  readonly enabled: boolean
}

export const NOTIFICATION_CATEGORIES = ['error', 'warning', 'success', 'info'] as const

export type Notification = {
  readonly id: number
  /** Name among notifications, by which its maker finds it again; null when none. */
  readonly ident: string | null
  /** For one user, for all plain users, for all administrators. */
  readonly userId: UserId | null
  readonly users: boolean
  readonly admins: boolean
  /** `{name}` is replaced from `context`. */
  readonly message: string
  readonly context: Readonly<Record<string, string | number | boolean | null>>
  readonly category: (typeof NOTIFICATION_CATEGORIES)[number]
  readonly dismissable: boolean
  /** Users that do not see it any more. */
  readonly dismissedBy: readonly UserId[]
}

/** A user's file; what Juju keeps its state in. */
export type StoredFile = {
  readonly id: number
  readonly ownerId: UserId
  readonly filename: string
  /** Unguessable name under which anybody may read it. */
  readonly key: string
  /** Base64. */
  readonly content: string
}

export type LicenseKey = {
  readonly id: number
  readonly osystem: string
  readonly distroSeries: string
  readonly licenseKey: string
}

/** One text of a script or snippet; ids rise within their object, the last one is in force. */
export type TextVersion = {
  readonly id: number
  readonly value: string
  readonly comment: string
  readonly createdWall: number
}

export type Script = {
  readonly id: number
  readonly name: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  /** MAAS's numbers (maas-api §7): 0 commissioning, 2 testing, 3 release. */
  readonly scriptType: number
  readonly hardwareType: number
  readonly parallel: number
  /** Seconds; 0 means for ever. */
  readonly timeoutSeconds: number
  readonly destructive: boolean
  readonly mayReboot: boolean
  readonly recommission: boolean
  readonly applyConfiguredNetworking: boolean
  readonly forHardware: readonly string[]
  readonly history: readonly TextVersion[]
}

export type BootSource = {
  readonly id: number
  readonly url: string
  readonly keyringFilename: string
  /** Base64. */
  readonly keyringData: string
  readonly createdWall: number
  readonly updatedWall: number
}

export type BootSourceSelection = {
  readonly id: number
  readonly bootSourceId: number
  readonly os: string
  readonly release: string
  readonly arches: readonly string[]
  readonly subarches: readonly string[]
  readonly labels: readonly string[]
}

/** For everything, one subnet, one range, or one node: one of the three ids at most is set. */
export type DhcpSnippet = {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly enabled: boolean
  readonly systemId: SystemId | null
  readonly subnetId: SubnetId | null
  readonly ipRangeId: IpRangeId | null
  readonly history: readonly TextVersion[]
}

/** A thing on the network that is not deployed. Its interfaces are rows of `interfaces`. */
export type Device = {
  readonly systemId: SystemId
  readonly hostname: string
  readonly description: string
  /** Machine it is part of: goes with it. */
  readonly parent: SystemId | null
  readonly ownerId: UserId
  readonly ownerData: Readonly<Record<string, string>>
  readonly zoneId: number
  /** Absent: whichever is the default one. */
  readonly domainId?: DomainId
  readonly tagNames: readonly string[]
  readonly createdWall: number
  readonly updatedWall: number
}

/** Tables whose rows are made, changed and deleted by `object.create`, `object.update`, `object.delete`. */
export type ObjectRows = {
  readonly zones: Zone
  readonly resourcePools: ResourcePool
  readonly tags: Tag
  readonly packageRepositories: PackageRepository
  readonly notifications: Notification
  readonly licenseKeys: LicenseKey
  readonly scripts: Script
  readonly bootSources: BootSource
  readonly bootSourceSelections: BootSourceSelection
  readonly dhcpSnippets: DhcpSnippet
}
export type ObjectTable = keyof ObjectRows

/** Tables whose text has versions. */
export type VersionedTable = 'scripts' | 'dhcpSnippets'

export const DEFAULT_ZONE_ID = 1
export const DEFAULT_POOL_ID = 0

const UBUNTU = {
  ...{ distributions: [], disabledPockets: [], disabledComponents: [], disableSources: true },
  ...{ components: [], key: '', enabled: true },
}

/** What is there before anybody made anything; never deleted. A row of the same id replaces it. */
export const DEFAULT_ROWS: { readonly [T in ObjectTable]?: readonly ObjectRows[T][] } = {
  zones: [{ id: DEFAULT_ZONE_ID, name: 'default', description: '' }],
  resourcePools: [{ id: DEFAULT_POOL_ID, name: 'default', description: 'Default pool' }],
  packageRepositories: [
    {
      ...{ id: 1, name: 'main_archive', url: 'http://archive.ubuntu.com/ubuntu' },
      ...{ ...UBUNTU, arches: ['amd64', 'i386'] },
    },
    {
      ...{ id: 2, name: 'ports_archive', url: 'http://ports.ubuntu.com/ubuntu-ports' },
      ...{ ...UBUNTU, arches: ['armhf', 'arm64', 'ppc64el', 's390x'] },
    },
  ],
}
