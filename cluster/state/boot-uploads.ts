// Uploads in pieces: what the bytes are for and which region takes them. A resource shows its new file only when all
// bytes are there and right; until then it has the files it had, or none.
import type { BootResourceId } from '#model/ids.ts'
import type { BootFile } from '#model/boot.ts'
import type { BootUpload } from '#model/image-import.ts'
import { bootResourceNamed, retiredOf, whyNoFiles, whyNoResource } from './boot-resources.ts'
import { DONE, invalid, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { BOOT_UPLOAD_IDLE_MS, BOOT_UPLOADS_MAX } from './limits.ts'
import { presentMembers } from './members.ts'
import type { RegionState } from './state.ts'

export const beginUpload: Handler<'bootUpload.begin'> = (context, command) => {
  const { state, now, wall } = context
  const { name, architecture, title, kind, sha256, sizeBytes, baseImage, version } = command
  const file = { kind, filename: kind, sha256, sizeBytes }
  const refusal = whyNoResource(state, command) ?? whyNoFiles([file])
  if (refusal !== null) return refusal
  const known = bootResourceNamed(state, command)
  if (known?.type === 'Synced') {
    return invalid('name', `${name} for ${architecture} is imported from a boot source.`)
  }
  dropUploadsTo(state, known?.id)
  if (state.bootUploads.size >= BOOT_UPLOADS_MAX) {
    return refuse('OVERLOADED', `At most ${BOOT_UPLOADS_MAX} uploads are under way at once.`)
  }
  const resourceId = known?.id ?? nextId<BootResourceId>(state, 'bootResources')
  if (known === undefined) {
    const row = { id: resourceId, name, architecture, title, type: 'Uploaded' as const }
    state.bootResources.put(resourceId, { ...row, files: [], updatedWall: wall })
  }
  const id = nextId<number>(state, 'bootUploads')
  const upload: BootUpload = {
    ...{ id, resourceId, kind, sha256, sizeBytes, title, baseImage, version },
    ...{ regionId: null, receivedBytes: 0, until: now + BOOT_UPLOAD_IDLE_MS },
  }
  if (isKnownFile(state, file)) publish(context, upload)
  else state.bootUploads.put(id, upload)
  return { ok: true, value: { id: resourceId, uploadId: id } }
}

/**
 * A quorum of the regions says that it has it, for another image. Of fewer the disks may all be lost, and then the bytes
 * that the client offers are the only ones left.
 */
function isKnownFile(state: RegionState, { sha256, sizeBytes }: BootFile): boolean {
  const holders = [...state.bootFileHolders.values()].filter((row) => row.sha256s.includes(sha256))
  if (holders.length === 0 || holders.length * 2 <= presentMembers(state).length) return false
  return [...state.bootResources.values()].some(({ files }) =>
    files.some((file) => file.sha256 === sha256 && file.sizeBytes === sizeBytes),
  )
}

export const reportUpload: Handler<'bootUpload.report'> = ({ state, now }, command) => {
  const { id, regionId, receivedBytes } = command
  const upload = state.bootUploads.get(id)
  if (upload === undefined) return notFound('BootResourceFile')
  if (upload.regionId !== null && upload.regionId !== regionId) {
    return refuse('CONFLICT', `The upload is at region ${upload.regionId}.`)
  }
  const until = now + BOOT_UPLOAD_IDLE_MS
  state.bootUploads.put(id, { ...upload, regionId, receivedBytes, until })
  return DONE
}

export const finishUpload: Handler<'bootUpload.finish'> = (context, { id, regionId }) => {
  const { state } = context
  const upload = state.bootUploads.get(id)
  if (upload === undefined) return notFound('BootResourceFile')
  if (upload.regionId !== null && upload.regionId !== regionId) {
    return refuse('CONFLICT', `The upload is at region ${upload.regionId}.`)
  }
  publish(context, upload)
  state.bootUploads.delete(id)
  return DONE
}

export const dropUpload: Handler<'bootUpload.drop'> = ({ state }, { id }) => {
  const upload = state.bootUploads.get(id)
  if (upload === undefined) return notFound('BootResourceFile')
  drop(state, upload)
  return DONE
}

export function sweepUploads(state: RegionState, now: number, limit: number): void {
  for (const id of state.bootUploadEnds.ended(now, limit)) {
    const upload = state.bootUploads.get(id)
    if (upload !== undefined) drop(state, upload)
  }
}

function publish({ state, now, wall }: Context, upload: BootUpload): void {
  const { kind, sha256, sizeBytes, resourceId, title, baseImage, version } = upload
  const before = state.bootResources.get(resourceId)
  if (before === undefined) return
  const { retired: _before, ...row } = before
  const files = [{ kind, filename: kind, sha256, sizeBytes }]
  state.bootResources.put(resourceId, {
    ...{ ...row, files, version, label: 'uploaded', updatedWall: wall },
    title: title === '' ? row.title : title,
    ...(baseImage === '' ? {} : { baseImage }),
    ...retiredOf(state, before, { files }, now),
  })
}

/** A resource that never had a file goes with its upload. */
function drop(state: RegionState, { id, resourceId }: BootUpload): void {
  state.bootUploads.delete(id)
  if (state.bootResources.get(resourceId)?.files.length === 0) {
    state.bootResources.delete(resourceId)
  }
}

function dropUploadsTo(state: RegionState, resourceId: BootResourceId | undefined): void {
  const others = [...state.bootUploads.values()].filter((row) => row.resourceId === resourceId)
  for (const { id } of others) state.bootUploads.delete(id)
}
