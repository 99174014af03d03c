// Tokens by HTTP: listed without their secrets, revoked by id.
import t from 'tap'
import { PLAIN, startTestApi } from '../support/api.ts'

const PATH = '/api/v1/cluster/tokens'
const SYSTEM = {
  ...{ kind: 'system' as const, userId: null, username: '', remoteAddress: '', requestId: '' },
}
const DIGEST = '0123456789ab'.padEnd(64, 'f')
const HOUR = 3_600_000

async function start(t: Parameters<typeof startTestApi>[0]) {
  const api = await startTestApi(t)
  const make = (digest: string, kind: 'rack' | 'region') =>
    api.region.propose({ type: 'token.create', digest, kind, lifetimeMs: HOUR }, { actor: SYSTEM })
  return { api, make }
}

t.test('tokens are listed with what an operator may know of them', async (t) => {
  const { api, make } = await start(t)
  await make(DIGEST, 'region')
  await make('e'.repeat(64), 'rack')
  const use = { type: 'token.use' as const, digest: 'e'.repeat(64), usedBy: 'rack23' }
  await api.region.propose(use, { actor: SYSTEM })
  const { status, json, text } = await api.get(PATH)
  t.equal(status, 200)
  const tokens = json.tokens as Record<string, unknown>[]
  t.match(
    tokens.find(({ id }) => id === '0123456789ab'),
    { kind: 'region', one_time: true, remaining_seconds: 3_600, used_by: null, status: 'open' },
  )
  t.match(
    tokens.find(({ id }) => id === 'eeeeeeeeeeee'),
    { kind: 'rack', used_by: 'rack23', status: 'used' },
  )
  t.match(
    tokens.find(({ one_time: once }) => once === false),
    { kind: 'rack', remaining_seconds: null, status: 'open' },
    'that of the bootstrap',
  )
  t.notMatch(text, DIGEST, 'no whole digest')
})

t.test('a revoked token is gone, and cannot be revoked twice', async (t) => {
  const { api, make } = await start(t)
  await make(DIGEST, 'region')
  const answer = await api.ask('DELETE', `${PATH}/0123456789ab`)
  t.equal(answer.status, 200)
  t.match(answer.json, { id: '0123456789ab', status: 'revoked' })
  t.equal(api.region.local().state.joinTokens.get(DIGEST), undefined)
  t.equal((await api.ask('DELETE', `${PATH}/0123456789ab`)).status, 404)
})

t.test('only an administrator sees or revokes tokens', async (t) => {
  const { api, make } = await start(t)
  await make(DIGEST, 'region')
  for (const method of ['GET', 'DELETE'] as const) {
    const path = method === 'GET' ? PATH : `${PATH}/0123456789ab`
    t.equal((await api.ask(method, path, { key: null })).status, 401)
    t.equal((await api.ask(method, path, { key: PLAIN })).status, 403)
  }
  t.not(api.region.local().state.joinTokens.get(DIGEST), undefined)
})
