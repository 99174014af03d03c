// Files of users, small and few: they travel through the log and live in memory on every region.
import { DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import type { UserId } from '#model/ids.ts'
import { FILE_CHARACTERS_MAX, FILES_CHARACTERS_MAX, FILES_MAX } from './limits.ts'
import type { RegionState } from './state.ts'

export const putFile: Handler<'file.put'> = ({ state }, command) => {
  const { ownerId, filename, content } = command
  if (!state.users.has(ownerId)) return notFound('User')
  if (content.length > FILE_CHARACTERS_MAX) {
    const kib = (FILE_CHARACTERS_MAX * 3) / 4 / 1024
    return invalid('file', `A file holds ${kib} KiB at most.`)
  }
  const known = state.storedFilesByName.first(`${ownerId}/${filename}`)
  if (known === undefined && state.storedFiles.size >= FILES_MAX) {
    return refuse('OVERLOADED', `At most ${FILES_MAX} files are kept.`)
  }
  const others = [...state.storedFiles.values()].filter(({ id }) => id !== known?.id)
  const used = others.reduce((sum, file) => sum + file.content.length, 0)
  if (used + content.length > FILES_CHARACTERS_MAX) {
    return refuse('OVERLOADED', 'The files of all users together are too large.')
  }
  const id = known?.id ?? nextId<number>(state, 'storedFiles')
  // The key stays with the name: somebody may have been given the address.
  const key = known?.key ?? command.key
  state.storedFiles.put(id, { id, ownerId, filename, key, content })
  return DONE
}

export const deleteFile: Handler<'file.delete'> = ({ state }, { ownerId, filename }) => {
  const file = state.storedFilesByName.first(`${ownerId}/${filename}`)
  if (file === undefined) return notFound('FileStorage')
  state.storedFiles.delete(file.id)
  return DONE
}

/** With the user. */
export function dropFilesOf(state: RegionState, ownerId: UserId): void {
  const own = [...state.storedFiles.values()].filter((file) => file.ownerId === ownerId)
  for (const { id } of own) state.storedFiles.delete(id)
}
