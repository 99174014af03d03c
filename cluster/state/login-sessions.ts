// Browsers that logged in. Replicated, so that a cookie is good at every region and a log-out is one everywhere.
import { DONE, invalid, notFound, refuse, type Handler } from './context.ts'
import type { UserId } from '#model/ids.ts'
import { LOGIN_LIFETIME_MS_MAX, LOGIN_SESSIONS_PER_USER_MAX } from './limits.ts'
import type { RegionState } from './state.ts'

export const openLogin: Handler<'login.open'> = ({ state, now, wall }, command) => {
  const { userId, digest, lifetimeMs } = command
  if (!state.users.has(userId)) return notFound('User')
  if (!(lifetimeMs > 0 && lifetimeMs <= LOGIN_LIFETIME_MS_MAX)) {
    return invalid('session_length', 'A session lasts between a second and a year.')
  }
  if (state.loginSessions.has(digest)) return refuse('CONFLICT', 'The session exists already.')
  dropOldest(state, userId)
  const expiresAt = now + lifetimeMs
  state.loginSessions.put(digest, { digest, userId, openedAt: now, expiresAt, createdWall: wall })
  return DONE
}

/** Nobody is told whether there was one. */
export const closeLogin: Handler<'login.close'> = ({ state }, { digest }) => {
  state.loginSessions.delete(digest)
  return DONE
}

export function closeLogins(state: RegionState, userId: UserId): void {
  for (const digest of state.loginSessionsByUser.keys(userId)) state.loginSessions.delete(digest)
}

function dropOldest(state: RegionState, userId: UserId): void {
  const open = state.loginSessionsByUser.rows(userId)
  if (open.length < LOGIN_SESSIONS_PER_USER_MAX) return
  let oldest = open[0]
  for (const session of open) if (session.openedAt < (oldest?.openedAt ?? 0)) oldest = session
  if (oldest !== undefined) state.loginSessions.delete(oldest.digest)
}
