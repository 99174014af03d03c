// Boot resources as MAAS shows them (maas-api §8): sets of files by version. An upload under way is a set of its own,
// newer than the one in use, with the one file that MAAS's CLI looks for.
import type { BootFile, BootResource } from '#model/boot.ts'
import type { BootUpload } from '#model/image-import.ts'
import type { RegionState } from '#state/state.ts'
import { isoTime, uri } from './names.ts'

/** Bytes of an upload that are there, as far as this region knows. */
export type Received = (upload: BootUpload) => number

export function renderBootResource(row: BootResource) {
  return {
    id: row.id,
    type: row.type,
    name: row.name,
    architecture: row.architecture,
    resource_uri: uri('boot-resources', row.id),
    subarches: (row.subarches ?? []).join(','),
    title: row.title,
  }
}

export function renderWithSets(state: RegionState, row: BootResource, received: Received) {
  const uploads = [...state.bootUploads.values()].filter((each) => each.resourceId === row.id)
  const sets = uploads.map((upload) => [upload.version, uploadSet(upload, received(upload))])
  const whole = row.files.length === 0 ? [] : [[versionOf(row), wholeSet(row)]]
  return { ...renderBootResource(row), sets: Object.fromEntries([...whole, ...sets]) }
}

/** Rows of earlier versions have none. */
function versionOf({ version, updatedWall }: BootResource): string {
  return version ?? isoTime(updatedWall).slice(0, 10).replaceAll('-', '')
}

function wholeSet(row: BootResource) {
  const version = versionOf(row)
  const files = row.files.map((file) => [file.kind, { ...renderFile(file), complete: true }])
  return {
    ...{ version, label: row.label ?? 'uploaded', complete: true },
    size: row.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    files: Object.fromEntries(files),
  }
}

function uploadSet(upload: BootUpload, receivedBytes: number) {
  const { id, resourceId, kind, sha256, sizeBytes, version } = upload
  const progress = sizeBytes === 0 ? 0 : receivedBytes / sizeBytes
  const file = {
    ...renderFile({ kind, filename: kind, sha256, sizeBytes }),
    ...{ complete: false, progress },
    upload_uri: uri('boot-resources', resourceId, 'upload', id),
  }
  return {
    ...{ version, label: 'uploaded', size: sizeBytes, complete: false, progress },
    files: { [kind]: file },
  }
}

function renderFile({ kind, filename, sha256, sizeBytes }: BootFile) {
  return { filename, filetype: kind, sha256, size: sizeBytes }
}
