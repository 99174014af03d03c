// Secrets by which nodes and racks join. The one of the bootstrap admits racks as often as it is shown;
// every other one admits one node or one rack, and ends by log time, which no wall clock can move.
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { TOKEN_LIFETIME_MS_MAX, TOKENS_MAX } from './limits.ts'
import type { RegionState } from './state.ts'
import type { JoinToken } from '#model/join-token.ts'

export const createToken: Handler<'token.create'> = ({ state, now, wall }, command) => {
  const { digest, kind, lifetimeMs } = command
  if (!(lifetimeMs > 0 && lifetimeMs <= TOKEN_LIFETIME_MS_MAX)) {
    return refuse('BAD_REQUEST', 'A token lives between a second and thirty days.')
  }
  if (state.joinTokens.has(digest)) return refuse('CONFLICT', 'The token exists already.')
  for (const token of [...state.joinTokens.values()]) {
    if (token.once !== undefined && token.once.expiresAt <= now) {
      state.joinTokens.delete(token.digest)
    }
  }
  if (state.joinTokens.size >= TOKENS_MAX) {
    return refuse('OVERLOADED', `There are ${TOKENS_MAX} tokens; wait until some expire.`)
  }
  const once = { expiresAt: now + lifetimeMs, usedBy: null }
  state.joinTokens.put(digest, { digest, kind, createdWall: wall, once })
  return DONE
}

/** For racks: notes who came with the token, so that nobody else can. Harmless when it is repeated. */
export const spendToken: Handler<'token.use'> = (context, { digest, usedBy }) => {
  const fault = tokenFault(context, digest, { kind: 'rack', usedBy })
  if (fault !== null) return refuse('FORBIDDEN', fault)
  useToken(context.state, digest, usedBy)
  return DONE
}

export const revokeToken: Handler<'token.revoke'> = ({ state }, { digest }) => {
  if (!state.joinTokens.has(digest)) return notFound('Token')
  state.joinTokens.delete(digest)
  return DONE
}

/** Null when the token admits `usedBy` now; else a sentence for the one who showed it. */
export function tokenFault(
  { state, now }: Pick<Context, 'state' | 'now'>,
  digest: string,
  wanted: { readonly kind: JoinToken['kind']; readonly usedBy: string },
): string | null {
  const token = state.joinTokens.get(digest)
  if (token === undefined) return 'The token is not known to this cluster.'
  if (token.kind !== wanted.kind) return `The token is for a ${token.kind}, not a ${wanted.kind}.`
  const { once } = token
  if (once === undefined || once.usedBy === wanted.usedBy) return null
  if (once.usedBy !== null) return 'The token was used already; make a new one.'
  return once.expiresAt > now ? null : 'The token has expired; make a new one.'
}

export function useToken(state: RegionState, digest: string, usedBy: string): void {
  const token = state.joinTokens.get(digest)
  if (token?.once === undefined || token.once.usedBy === usedBy) return
  state.joinTokens.put(digest, { ...token, once: { ...token.once, usedBy } })
}
