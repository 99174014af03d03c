// Users and their API keys.
import type { UserId } from '#model/ids.ts'
import { created, DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import { dropFilesOf } from './files.ts'
import { API_KEYS_PER_USER_MAX } from './limits.ts'
import { closeLogins } from './login-sessions.ts'
import type { RegionState } from './state.ts'
import type { User } from './tables.ts'

/** Django's rule, which MAAS has: letters, digits and @ . + - _ */
const USERNAME = /^[\w.@+-]{1,150}$/

export const createUser: Handler<'user.create'> = ({ state, wall }, command) => {
  const { username, email, isSuperuser, passwordHash } = command
  if (!USERNAME.test(username)) {
    return invalid('username', 'Enter a valid username: letters, digits and @/./+/-/_ only.')
  }
  if (state.usersByUsername.has(username)) {
    return invalid('username', 'A user with that username already exists.')
  }
  const id = nextId<UserId>(state, 'users')
  state.users.put(id, { id, username, email, isSuperuser, passwordHash, createdWall: wall })
  return created(id)
}

export const updateUser: Handler<'user.update'> = ({ state }, { id, set }) => {
  const user = state.users.get(id)
  if (user === undefined) return notFound('User')
  const next: User = { ...user, ...set, id }
  if (!USERNAME.test(next.username)) {
    return invalid('username', 'Enter a valid username: letters, digits and @/./+/-/_ only.')
  }
  const namesake = state.usersByUsername.first(next.username)
  if (namesake !== undefined && namesake.id !== id) {
    return invalid('username', 'A user with that username already exists.')
  }
  if (user.isSuperuser && !next.isSuperuser && isLastSuperuser(state, id)) {
    return invalid('is_superuser', 'The last administrator cannot give up its rights.')
  }
  state.users.put(id, next)
  // Whoever knew the old password may have logged in with it.
  if (set.passwordHash !== undefined) closeLogins(state, id)
  return DONE
}

export const patchUser: Handler<'user.patch'> = (context, { id, set, expected }) => {
  const user = context.state.users.get(id)
  if (user !== undefined && expected !== null) {
    const { username, email, isSuperuser } = user
    const isAsExpected =
      username === expected.username &&
      email === expected.email &&
      isSuperuser === expected.isSuperuser
    if (!isAsExpected) return refuse('PRECONDITION_FAILED', 'The user was changed meanwhile.')
  }
  return updateUser(context, { type: 'user.update', id, set })
}

export const deleteUser: Handler<'user.delete'> = ({ state }, { username }) => {
  const user = state.usersByUsername.first(username)
  if (user === undefined) return notFound('User')
  const obstacle = ownedBy(state, user)
  if (obstacle !== null) {
    return refuse('VALIDATION', `User ${username} cannot be deleted: it still owns ${obstacle}.`)
  }
  if (isLastSuperuser(state, user.id)) {
    return refuse('VALIDATION', `User ${username} cannot be deleted: it is the last administrator.`)
  }
  removeUser(state, user.id)
  return DONE
}

/** With everything by which it is recognised. */
function removeUser(state: RegionState, id: UserId): void {
  for (const key of state.apiKeysByUser.keys(id)) state.apiKeys.delete(key)
  for (const key of state.sshKeysByUser.keys(id)) state.sshKeys.delete(key)
  for (const key of state.sslKeysByUser.keys(id)) state.sslKeys.delete(key)
  for (const key of state.accessTokensByUser.keys(id)) state.accessTokens.delete(key)
  closeLogins(state, id)
  dropFilesOf(state, id)
  state.users.delete(id)
}

export const createApiKey: Handler<'apiKey.create'> = ({ state, wall }, command) => {
  const { tokenKey, tokenSecret, consumerKey, userId, name } = command
  if (!state.users.has(userId)) return notFound('User')
  if (state.apiKeys.has(tokenKey)) return refuse('CONFLICT', 'The token key is in use.')
  // Entries from before the limit mean what they meant.
  const isLimited = state.featureLevel >= 3
  if (isLimited && state.apiKeysByUser.count(userId) >= API_KEYS_PER_USER_MAX) {
    return refuse('OVERLOADED', `A user has at most ${API_KEYS_PER_USER_MAX} API keys.`)
  }
  const row = { tokenKey, tokenSecret, consumerKey, userId, name, createdWall: wall }
  state.apiKeys.put(tokenKey, row)
  return DONE
}

export const renameApiKey: Handler<'apiKey.rename'> = ({ state }, { tokenKey, userId, name }) => {
  const key = state.apiKeys.get(tokenKey)
  if (key === undefined || key.userId !== userId) return notFound('Token')
  state.apiKeys.put(tokenKey, { ...key, name })
  return DONE
}

export const deleteApiKey: Handler<'apiKey.delete'> = ({ state }, { tokenKey, userId }) => {
  const key = state.apiKeys.get(tokenKey)
  if (key === undefined || key.userId !== userId) return notFound('Token')
  state.apiKeys.delete(tokenKey)
  return DONE
}

function isLastSuperuser(state: RegionState, id: UserId): boolean {
  for (const user of state.users.values()) {
    if (user.isSuperuser && user.id !== id) return false
  }
  return state.users.get(id)?.isSuperuser === true
}

/** First thing found that a user owns, for the sentence; null when nothing. */
function ownedBy(state: RegionState, { id }: User): string | null {
  const machine = state.machinesByOwner.first(id)
  if (machine !== undefined) return `machine ${machine.hostname}`
  const device = [...state.devices.values()].find((row) => row.ownerId === id)
  if (device !== undefined) return `device ${device.hostname}`
  const range = [...state.ipRanges.values()].find((row) => row.userId === id)
  if (range !== undefined) return `IP range ${range.id}`
  const address = [...state.ipAddresses.values()].find((row) => row.userId === id)
  return address === undefined ? null : 'reserved IP addresses'
}
