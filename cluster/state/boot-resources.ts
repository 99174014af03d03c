// Boot resources: what there is to boot, by digest. The bytes never enter the log (D10).
import type { BootResourceId } from '#model/ids.ts'
import { created, DONE, invalid, nextId, notFound, type Handler } from './context.ts'

const SHA256 = /^[0-9a-f]{64}$/
const BOOT_FILES_MAX = 64

/** One per name and architecture; putting it again replaces its files. */
export const putBootResource: Handler<'bootResource.put'> = ({ state, wall }, command) => {
  const { name, architecture, title, files } = command
  if (files.length > BOOT_FILES_MAX) return invalid('files', 'Too many files in a boot resource.')
  const bad = files.find(({ sha256, sizeBytes }) => !SHA256.test(sha256) || !(sizeBytes >= 0))
  if (bad !== undefined) {
    return invalid('files', `${bad.filename} has no valid SHA-256 or no valid size.`)
  }
  const known = state.bootResourcesByName.first(`${name} ${architecture}`)
  const id = known?.id ?? nextId<BootResourceId>(state, 'bootResources')
  const type = known?.type ?? 'Uploaded'
  state.bootResources.put(id, { id, name, architecture, title, type, files, updatedWall: wall })
  return created(id)
}

export const deleteBootResource: Handler<'bootResource.delete'> = ({ state }, { id }) => {
  if (!state.bootResources.has(id)) return notFound('BootResource')
  state.bootResources.delete(id)
  return DONE
}
