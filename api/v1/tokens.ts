// /api/v1/cluster/tokens: the tokens by which nodes and racks join, made, listed and revoked. A secret is shown
// once, when it is made; afterwards a token is known by the first digits of its secret's digest.
import type { Context } from 'koa'
import type { RegionMembership } from '#node/region.ts'
import type { RegionState } from '#state/state.ts'
import type { JoinToken } from '#model/join-token.ts'
import { json, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { parsed } from './parsed.ts'
import { JOIN_TOKEN } from './schemas.ts'

/** 48 bits of a SHA-256: tokens are a thousand at most. */
const ID_DIGITS = 12

export function makeTokenRoute(membership: RegionMembership) {
  return async (call: Call, ctx: Context): Promise<Answer> => {
    const { kind, lifetime_seconds: seconds } = parsed(JOIN_TOKEN, ctx.request.body)
    const token = await membership.makeToken(kind, seconds * 1_000, call.actor)
    return json({ token, kind, lifetime_seconds: seconds }, 201)
  }
}

/** Newest first. */
export async function listTokens(call: Call): Promise<Answer> {
  const { state } = await call.region.read('linearizable')
  const tokens = [...state.joinTokens.values()].toSorted((a, b) => b.createdWall - a.createdWall)
  return json({ tokens: tokens.map((token) => renderToken(token, state)) })
}

export async function revokeToken(call: Call): Promise<Answer> {
  const id = call.param('id')
  const { state } = await call.region.read('linearizable')
  const token = [...state.joinTokens.values()].find((each) => idOf(each) === id)
  if (token === undefined) throw notFound('Token')
  await call.propose({ type: 'token.revoke', digest: token.digest })
  return json({ id, status: 'revoked' })
}

function renderToken(token: JoinToken, state: RegionState) {
  const { kind, createdWall, once } = token
  const remainingMs = once === undefined ? null : Math.max(0, once.expiresAt - state.stamp)
  return {
    id: idOf(token),
    kind,
    created: new Date(createdWall).toISOString(),
    one_time: once !== undefined,
    remaining_seconds: remainingMs === null ? null : Math.floor(remainingMs / 1_000),
    used_by: once?.usedBy ?? null,
    status: statusOf(once, remainingMs),
  }
}

function statusOf(once: JoinToken['once'], remainingMs: number | null): string {
  if (once !== undefined && once.usedBy !== null) return 'used'
  return remainingMs === 0 ? 'expired' : 'open'
}

function idOf({ digest }: JoinToken): string {
  return digest.slice(0, ID_DIGITS)
}
