// Typed DHCP options over the API, and what snippets say of what is not served.
import t from 'tap'
import { PLAIN } from '../support/api.ts'
import { startSite } from '../support/site.ts'

const PATH = '/api/v1/dhcp-options'

t.test('an option is set, shown, listed by scope and taken away', async (t) => {
  const api = await startSite(t)
  const put = (at: string, body: object) => api.ask('PUT', `${PATH}/${at}`, { json: body })
  const set = await put('subnet:1/domain-search', { value: 'a.example, b.example' })
  t.equal(set.status, 200)
  t.match(set.json, {
    ...{ scope: 'subnet:1', code: 119, name: 'domain-search', type: 'domain-list' },
    ...{ value: ['a.example', 'b.example'], force: false },
  })
  t.equal((await put('global/224', { type: 'hex', value: 'AA:BB', force: true })).status, 200)
  t.equal((await put('host:52-54-00-00-00-01/26', { value: 1_400 })).status, 200)
  const { json } = await api.get(PATH, { key: PLAIN })
  t.same(
    json.items.map(({ scope, code, value }: Row) => [scope, code, value]),
    [
      ['global', 224, 'aabb'],
      ['subnet:1', 119, ['a.example', 'b.example']],
      ['host:52:54:00:00:00:01', 26, 1_400],
    ],
  )
  t.equal((await api.get(`${PATH}?scope=host`)).json.items.length, 1)
  t.equal((await api.get(`${PATH}/subnet:1/119`, { key: PLAIN })).json.code, 119)
  t.equal((await api.ask('DELETE', `${PATH}/subnet:1/119`, {})).status, 204)
  t.equal((await api.get(`${PATH}/subnet:1/119`)).status, 404)
})
type Row = { readonly scope: string; readonly code: number; readonly value: unknown }

const REFUSED: readonly (readonly [string, object, string])[] = [
  ['nowhere/26', { value: 1 }, 'scope'],
  ['subnet:99/26', { value: 1 }, 'scope'],
  ['global/nothing', { value: 1 }, 'code'],
  ['global/54', { type: 'ipv4', value: '192.0.2.1' }, 'code'],
  ['global/224', { value: 'a' }, 'type'],
  ['global/26', { value: 'many' }, 'value'],
  ['global/26', { value: { a: 1 } }, 'value'],
]

t.test('what is wrong is named by its field, and changes nothing', async (t) => {
  const api = await startSite(t)
  for (const [at, body, field] of REFUSED) {
    const { status, json } = await api.ask('PUT', `${PATH}/${at}`, { json: body })
    t.equal(status, 400, at)
    t.same(Object.keys(json.fields), [field], at)
  }
  t.same((await api.get(PATH)).json.items, [])
  const plain = await api.ask('PUT', `${PATH}/global/26`, { json: { value: 1 }, key: PLAIN })
  t.equal(plain.status, 403)
})

t.test('a snippet says which of its statements are not served', async (t) => {
  const api = await startSite(t)
  const value = 'option interface-mtu 1400;\nif known { filename "x"; }'
  const { json } = await api.post('dhcp-snippets/', { name: 'a', value })
  t.match(json.not_served, [/^Line 2: if/])
  const served = await api.put(`dhcp-snippets/${json.id}/`, { value: 'filename "x";' })
  t.notOk('not_served' in served.json)
})
