// Scoped bearer tokens for /api/v1. Only their hashes are here: who reads a backup cannot use them.
import { created, DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import type { AccessTokenId } from '#model/ids.ts'
import { ACCESS_TOKENS_PER_USER_MAX } from './limits.ts'

export const createAccessToken: Handler<'accessToken.create'> = (context, command) => {
  const { state, now, wall } = context
  const { userId, name, digest, scope, lifetimeMs } = command
  const user = state.users.get(userId)
  if (user === undefined) return notFound('User')
  if (scope === 'admin' && !user.isSuperuser) {
    return invalid('scope', 'Only an administrator can have a token with the scope admin.')
  }
  if (lifetimeMs !== null && !(lifetimeMs > 0)) {
    return invalid('lifetime_seconds', 'A token lives for a second at least.')
  }
  if (state.accessTokensByDigest.has(digest)) return refuse('CONFLICT', 'The token is in use.')
  if (state.accessTokensByUser.count(userId) >= ACCESS_TOKENS_PER_USER_MAX) {
    return refuse('OVERLOADED', `A user has at most ${ACCESS_TOKENS_PER_USER_MAX} access tokens.`)
  }
  const id = nextId<AccessTokenId>(state, 'accessTokens')
  const expiresAt = lifetimeMs === null ? null : now + lifetimeMs
  const times = { createdAt: now, expiresAt, createdWall: wall }
  state.accessTokens.put(id, { id, userId, name, digest, scope, ...times })
  return created(id)
}

export const renameAccessToken: Handler<'accessToken.rename'> = ({ state }, command) => {
  const { id, userId, name, expectedName } = command
  const row = state.accessTokens.get(id)
  if (row === undefined || row.userId !== userId) return notFound('AccessToken')
  if (expectedName !== null && expectedName !== row.name) {
    return refuse('PRECONDITION_FAILED', 'The token was changed meanwhile.')
  }
  state.accessTokens.put(id, { ...row, name })
  return DONE
}

export const deleteAccessToken: Handler<'accessToken.delete'> = ({ state }, { id, userId }) => {
  const row = state.accessTokens.get(id)
  if (row === undefined || row.userId !== userId) return notFound('AccessToken')
  state.accessTokens.delete(id)
  return DONE
}
