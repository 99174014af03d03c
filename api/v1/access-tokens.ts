// /api/v1/access-tokens: scoped bearer tokens of the one who asks. A token is shown once, when it is made; a token whose
// scope is less than admin cannot make, change or revoke tokens, or it could give itself more.
import type { Context } from 'koa'
import type { AccessTokenId } from '#model/ids.ts'
import type { RegionState } from '#state/state.ts'
import type { AccessToken } from '#state/tables.ts'
import { json, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { mintAccessToken, secretDigest } from '../secrets.ts'
import { checkIfMatch, tagged } from './entity-tag.ts'
import { parsedPatch } from './merge-patch.ts'
import type { Pages } from './pages.ts'
import { parsed } from './parsed.ts'
import { ACCESS_TOKEN, ACCESS_TOKEN_PATCH } from './schemas.ts'

export async function createAccessToken(call: Call, ctx: Context): Promise<Answer> {
  const { name, scope, lifetime_seconds: seconds } = parsed(ACCESS_TOKEN, ctx.request.body)
  const token = mintAccessToken(call.random)
  const lifetimeMs = seconds === undefined || seconds === null ? null : seconds * 1_000
  const { id } = await call.propose({
    ...{ type: 'accessToken.create', userId: call.user.id, name, scope, lifetimeMs },
    digest: secretDigest(token),
  })
  const state = call.after()
  const row = ownToken(state, call, id)
  ctx.set('Cache-Control', 'no-store')
  // A repeated request finds the first one's token, whose text nobody has any more.
  const isOurs = row.digest === secretDigest(token)
  return json({ ...renderToken(state, row), token: isOurs ? token : null }, 201)
}

export function makeListAccessTokens(pages: Pages) {
  return (call: Call): Promise<Answer> =>
    pages.page(call, {
      list: 'access-tokens',
      rows: ({ state }) =>
        state.accessTokensByUser.rows(call.user.id).map((row) => renderToken(state, row)),
      render: (row) => row,
    })
}

export async function readAccessToken(call: Call, ctx: Context): Promise<Answer> {
  const state = await call.state()
  return tagged(ctx, renderToken(state, ownToken(state, call, idOf(call))))
}

export async function patchAccessToken(call: Call, ctx: Context): Promise<Answer> {
  const { name } = parsedPatch(ctx, ACCESS_TOKEN_PATCH)
  const state = await call.state()
  const row = ownToken(state, call, idOf(call))
  const isConditional = checkIfMatch(ctx, renderToken(state, row))
  const expectedName = isConditional ? row.name : null
  const change = { id: row.id, userId: call.user.id, name: name ?? row.name, expectedName }
  await call.propose({ type: 'accessToken.rename', ...change })
  return tagged(ctx, renderToken(call.after(), ownToken(call.after(), call, row.id)))
}

export async function deleteAccessToken(call: Call, ctx: Context): Promise<Answer> {
  const id = idOf(call)
  const state = await call.state()
  const row = state.accessTokens.get(id)
  if (row !== undefined && row.userId === call.user.id) checkIfMatch(ctx, renderToken(state, row))
  await call.propose({ type: 'accessToken.delete', id, userId: call.user.id })
  return NO_CONTENT
}

function ownToken(state: RegionState, call: Call, id: AccessTokenId): AccessToken {
  const row = state.accessTokens.get(id)
  if (row === undefined || row.userId !== call.user.id) throw notFound('AccessToken')
  return row
}

function idOf(call: Call): AccessTokenId {
  const text = call.param('id')
  if (!/^\d{1,15}$/.test(text)) throw notFound('AccessToken')
  return Number(text) as AccessTokenId
}

/** Ends are kept in log time, which no wall clock can move: what can be told for sure is the length. */
function renderToken(state: RegionState, row: AccessToken) {
  const { id, name, scope, expiresAt, createdWall } = row
  return {
    id,
    name,
    scope,
    created: new Date(createdWall).toISOString(),
    expired: expiresAt !== null && expiresAt <= state.stamp,
    lifetime_seconds: expiresAt === null ? null : lifetimeOf(row, expiresAt),
  }
}

function lifetimeOf({ createdAt }: AccessToken, expiresAt: number): number {
  return Math.round((expiresAt - createdAt) / 1_000)
}
