// Boot resources: what there is to boot, by digest. The bytes never enter the log (D10).
import { BOOT_FILE_KINDS, type BootFile, type BootResource } from '#model/boot.ts'
import type { BootResourceId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { imageFor, memoryImageFor } from './boot-image.ts'
import type { CommandOf } from './command.ts'
import { created, DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import { BOOT_FILES_RETIRED_MAX, BOOT_FILES_RETIRED_MS, BOOT_RESOURCES_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

const SHA256 = /^[0-9a-f]{64}$/
const NAME = /^[\w.-]{1,64}\/[\w.-]{1,64}$/
const ARCHITECTURE = /^[\w.-]{1,32}\/[\w.-]{1,32}$/
const BOOT_FILES_MAX = 64
/** Entries from before it leave nothing behind. */
const RETIRED_LEVEL = 3

/** One per name and architecture; putting it again replaces its files. */
export const putBootResource: Handler<'bootResource.put'> = ({ state, now, wall }, command) => {
  const { name, architecture, title, files } = command
  if (files.length > BOOT_FILES_MAX) return invalid('files', 'Too many files in a boot resource.')
  const bad = files.find(({ sha256, sizeBytes }) => !SHA256.test(sha256) || !(sizeBytes >= 0))
  if (bad !== undefined) {
    return invalid('files', `${bad.filename} has no valid SHA-256 or no valid size.`)
  }
  const known = bootResourceNamed(state, command)
  const id = known?.id ?? nextId<BootResourceId>(state, 'bootResources')
  const type = known?.type ?? 'Uploaded'
  const row = { id, name, architecture, title, type, files, updatedWall: wall }
  state.bootResources.put(id, { ...row, ...retiredOf(state, known, row, now) })
  return created(id)
}

export const deleteBootResource: Handler<'bootResource.delete'> = ({ state }, { id }) => {
  const resource = state.bootResources.get(id)
  if (resource === undefined) return notFound('BootResource')
  const hostname = deployedWith(state, resource)
  if (hostname !== null) {
    return refuse(
      'CONFLICT',
      `Machine ${hostname} is being deployed with ${resource.name}, or runs it.`,
    )
  }
  state.bootResources.delete(id)
  for (const upload of [...state.bootUploads.values()]) {
    if (upload.resourceId === id) state.bootUploads.delete(upload.id)
  }
  return DONE
}

type Named = Pick<BootResource, 'name' | 'architecture'>

export function bootResourceNamed(
  state: RegionState,
  { name, architecture }: Named,
): BootResource | undefined {
  return state.bootResourcesByName.first(`${name} ${architecture}`)
}

/** Of what clients and sources name: stricter than `bootResource.put`, whose old entries are replayed. */
export function whyNoResource(state: RegionState, resource: Named): Refusal | null {
  if (!NAME.test(resource.name)) return invalid('name', 'Enter os/release or custom/name.')
  if (!ARCHITECTURE.test(resource.architecture)) {
    return invalid('architecture', 'Enter an architecture such as amd64/generic.')
  }
  const isNew = bootResourceNamed(state, resource) === undefined
  if (!isNew || state.bootResources.size < BOOT_RESOURCES_MAX) return null
  return refuse('OVERLOADED', `At most ${BOOT_RESOURCES_MAX} boot resources are kept.`)
}

export function whyNoFiles(files: readonly BootFile[]): Refusal | null {
  if (files.length > BOOT_FILES_MAX) return invalid('files', 'Too many files in a boot resource.')
  const bad = files.find(
    ({ kind, sha256, sizeBytes }) =>
      !BOOT_FILE_KINDS.includes(kind) ||
      !SHA256.test(sha256) ||
      !Number.isSafeInteger(sizeBytes) ||
      sizeBytes < 0,
  )
  if (bad === undefined) return null
  return invalid('files', `${bad.filename} has no valid kind, SHA-256 or size.`)
}

/** What machines that boot just now were told to fetch is kept for a while (`retired`). */
export function retiredOf(
  state: RegionState,
  before: BootResource | undefined,
  { files }: Pick<BootResource, 'files'>,
  now: number,
): Pick<BootResource, 'retired'> {
  if (before === undefined || state.featureLevel < RETIRED_LEVEL) return {}
  const used = new Set(files.map(({ sha256 }) => sha256))
  const gone = [...before.files, ...(before.retired?.files ?? [])].filter(
    ({ sha256 }) => !used.has(sha256),
  )
  if (gone.length === 0) return {}
  const kept = gone.slice(0, BOOT_FILES_RETIRED_MAX)
  return { retired: { files: kept, until: now + BOOT_FILES_RETIRED_MS } }
}

export function sweepRetired(state: RegionState, now: number, limit: number): void {
  for (const id of state.bootFileEnds.ended(now, limit)) {
    const { retired: _gone, ...row } = state.bootResources.get(id) ?? {}
    if ('id' in row) state.bootResources.put(id, row as BootResource)
  }
}

/** Imported ones that the sources offer no more; also where they are used by nobody but the next deployment. */
export const pruneBootResources: Handler<'bootResource.prune'> = ({ state }, command) => {
  const refusal = whyNoFence(state, command)
  if (refusal !== null) return refusal
  const keep = new Set(command.keep)
  for (const resource of [...state.bootResources.values()]) {
    if (resource.type !== 'Synced' || keep.has(resource.id)) continue
    if (deployedWith(state, resource) === null) state.bootResources.delete(resource.id)
  }
  return DONE
}

/** Only the region that has the import may say what comes of it. */
export function whyNoFence(
  state: RegionState,
  { fence }: Pick<CommandOf<'bootResource.sync'>, 'fence'>,
): Refusal | null {
  const row = state.imageImports.get('import')
  if (row?.status === 'running' && row.fence === fence) return null
  return refuse('CONFLICT', 'The import is no longer this region’s.')
}

/** Name of a machine on which it is being installed, or that runs it from memory and needs it at its next start. */
function deployedWith(state: RegionState, resource: BootResource): string | null {
  for (const machine of state.machinesByStatus.rows(S.DEPLOYING)) {
    const { osSystem, distroSeries, architecture } = machine
    const image = imageFor(state, osSystem, distroSeries, architecture)
    if (image?.resource.id === resource.id) return machine.hostname
  }
  for (const { systemId, ephemeralDeploy } of state.deployments.values()) {
    const machine = ephemeralDeploy ? state.machines.get(systemId) : undefined
    if (machine === undefined) continue
    // Looked for among all resources, so only where it may be the one.
    if (`${machine.osSystem}/${machine.distroSeries}` !== resource.name) continue
    if (memoryImageFor(state, machine)?.resource.id === resource.id) return machine.hostname
  }
  return null
}
