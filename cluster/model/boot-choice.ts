// Which image a machine gets: pure, over rows as regions and racks have them. The order of the rows does not matter.
import {
  isRootKind,
  type BootFile,
  type BootFileKind,
  type BootResource,
  type RootKind,
} from './boot.ts'

export type RootFile = BootFile & { readonly kind: RootKind }

export type DeployImage = {
  readonly resource: BootResource
  /** A root archive, file system or disk. */
  readonly root: RootFile
  /** Not every custom image has them. */
  readonly kernel: BootFile | undefined
  readonly initrd: BootFile | undefined
}

/** A whole environment that runs from memory. */
export type EphemeralImage = {
  readonly resource: BootResource
  readonly kernel: BootFile
  readonly initrd: BootFile
  readonly root: BootFile
}

const DEFAULT_EPHEMERAL = 'debian/bookworm'
/** Our own Debian, and what a site made like it: initrds of others do not know how we boot from memory. */
const MEMORY_SYSTEMS: readonly string[] = ['debian', 'custom']

/** Of the release `name` (`os/series`); `architecture` of the machine, `amd64/generic`. */
export function chooseDeployImage(
  resources: Iterable<BootResource>,
  name: string,
  architecture: string,
): DeployImage | undefined {
  return best(resources, architecture, (resource) => {
    if (resource.name !== name) return undefined
    const root = rootOf(resource)
    if (root === undefined) return undefined
    const [kernel, initrd] = [fileOf(resource, 'boot-kernel'), fileOf(resource, 'boot-initrd')]
    return { resource, root, kernel, initrd }
  })
}

/** `name` when it can run from memory, else Debian, else the first one by name that can. */
export function chooseEphemeral(
  resources: Iterable<BootResource>,
  name: string,
  architecture: string,
): EphemeralImage | undefined {
  const all = [...resources]
  const whole = (wanted: (resource: BootResource) => boolean): EphemeralImage | undefined =>
    best(all, architecture, (resource) => (wanted(resource) ? ephemeralOf(resource) : undefined))
  const names = [...new Set(all.map((resource) => resource.name))].toSorted()
  for (const each of [name, DEFAULT_EPHEMERAL, ...names]) {
    const found = whole((resource) => resource.name === each)
    if (found !== undefined) return found
  }
  return undefined
}

/** The release `name` itself, as a machine's own system. Undefined: it cannot run from memory. */
export function chooseMemoryImage(
  resources: Iterable<BootResource>,
  name: string,
  architecture: string,
): EphemeralImage | undefined {
  if (!MEMORY_SYSTEMS.includes(name.split('/')[0] ?? '')) return undefined
  return best(resources, architecture, (resource) =>
    resource.name === name ? ephemeralOf(resource) : undefined,
  )
}

function ephemeralOf(resource: BootResource): EphemeralImage | undefined {
  const kernel = fileOf(resource, 'boot-kernel')
  const initrd = fileOf(resource, 'boot-initrd')
  const root = fileOf(resource, 'squashfs')
  if (kernel === undefined || initrd === undefined || root === undefined) return undefined
  return { resource, kernel, initrd, root }
}

/** An archive before a whole disk: it takes any layout of the storage. */
export function rootOf({ files }: BootResource): RootFile | undefined {
  const roots = files.filter((file): file is RootFile => isRootKind(file.kind))
  return roots.find(({ kind }) => !kind.startsWith('root-dd')) ?? roots[0]
}

function fileOf({ files }: BootResource, kind: BootFileKind): BootFile | undefined {
  return files.find((file) => file.kind === kind)
}

/** The one made for that very kernel first, then a generic one, then one that names it, then the newest. */
function best<Found extends { readonly resource: BootResource }>(
  resources: Iterable<BootResource>,
  architecture: string,
  take: (resource: BootResource) => Found | undefined,
): Found | undefined {
  const [arch, subarch = 'generic'] = architecture.split('/')
  const rank = ({ architecture: has, subarches = [] }: BootResource): number => {
    const own = has.split('/')[1] ?? 'generic'
    if (own === subarch) return 0
    if (own === 'generic') return 1
    return subarches.includes(subarch) ? 2 : 3
  }
  return [...resources]
    .filter((resource) => resource.architecture.split('/')[0] === arch)
    .toSorted((a, b) => rank(a) - rank(b) || b.id - a.id)
    .map(take)
    .find((found) => found !== undefined)
}
