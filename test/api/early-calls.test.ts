// The names that early MAAS 2.0 had for list, create and delete do the same as the restful calls.
import t from 'tap'
import { earlyNamesOf } from '#api/early-calls.ts'
import { startTestApi } from './support/api.ts'

t.test('op=new, op=list and op=delete are POST, GET and DELETE', async (t) => {
  const api = await startTestApi(t)
  const made = await api.post('tags/?op=new', { name: 'gpu', comment: 'has one' })
  t.equal(made.status, 200)
  t.match(made.json, { name: 'gpu', comment: 'has one' })
  t.same((await api.get('tags/?op=list')).json, (await api.get('tags/')).json)
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a'
  const added = await api.post('account/prefs/sshkeys/?op=new', { key })
  t.equal(added.status, 201)
  const path = `account/prefs/sshkeys/${added.json.id}/`
  t.equal((await api.post(`${path}?op=delete`)).status, 204)
  t.equal((await api.get(path)).status, 404)
})

t.test('early names are only where MAAS had them', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.get('zones/?op=list')).status, 400)
  const known = new Set(['GET', 'GET:list', 'POST:new', 'GET:delete'])
  t.same(earlyNamesOf(known, new Set(['GET', 'DELETE'])), ['GET:list', 'GET:delete'])
})
