// /api/v1 about images: the import under way or done last, and which region has how much of each image.
import type { BootResource } from '#model/boot.ts'
import { rootOf } from '#model/boot-choice.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Answer, type Call } from '../call.ts'

/** Shown as data, so that who asks need not know that there is no row before the first import. */
export async function readImport(call: Call): Promise<Answer> {
  const row = (await call.state()).imageImports.get('import')
  return json({
    ...{ number: row?.number ?? 0, status: row?.status ?? 'never', message: row?.message ?? '' },
    ...{ region_id: row?.regionId ?? null, stopping: row?.isStopping ?? false },
    ...{ done_bytes: row?.doneBytes ?? 0, total_bytes: row?.totalBytes ?? 0 },
    started: row === undefined ? null : new Date(row.startedWall).toISOString(),
  })
}

export async function listImages(call: Call): Promise<Answer> {
  const { state, revision } = await call.view()
  const items = [...state.bootResources.values()].map((row) => renderImage(state, row))
  return json({ items, revision })
}

function renderImage(state: RegionState, row: BootResource) {
  const { id, name, architecture, title, type, files } = row
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const regions = [...state.bootFileHolders.values()].map(({ nodeId, sha256s }) => {
    const here = files.filter(({ sha256 }) => sha256s.includes(sha256))
    const held = here.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return { id: nodeId, bytes: held, complete: here.length === files.length }
  })
  return {
    ...{ id, name, architecture, title, type, version: row.version ?? null, bytes, regions },
    deployable: rootOf(row) !== undefined,
  }
}
