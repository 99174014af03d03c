// What the small objects do beyond being made, changed and deleted: operations, visibility, effects on nodes.
import t from 'tap'
import { PLAIN, startTestApi } from './support/api.ts'

type Form = Record<string, string>

t.test('notifications: shown to those they are for, until they dismiss them', async (t) => {
  const api = await startTestApi(t)
  const plain = { key: PLAIN }
  const make = async (form: Form) =>
    (await api.post('notifications/', { message: 'm', ...form })).json.id
  const forUsers = await make({ users: 'true' })
  const forAdmins = await make({ admins: 'true' })
  const forOne = await make({ user: 'plain', dismissable: 'false' })
  const listed = async (ask: object) =>
    (await api.get('notifications/', ask)).json.map(({ id }: { id: number }) => id)
  t.strictSame(await listed(plain), [forUsers, forOne])
  t.strictSame(await listed({}), [forAdmins])
  t.equal((await api.get(`notifications/${forAdmins}/`, plain)).status, 403)
  const dismiss = (id: number) => api.post(`notifications/${id}/?op=dismiss`, {}, plain)
  t.equal((await dismiss(forUsers)).status, 200)
  t.equal((await dismiss(forOne)).status, 403)
  t.equal((await dismiss(forAdmins)).status, 403)
  t.equal((await dismiss(9_999)).status, 404)
  t.strictSame(await listed(plain), [forOne])
})

t.test('snippets: for a subnet or node, with versions to go back to', async (t) => {
  const api = await startTestApi(t)
  const subnet = (await api.post('subnets/', { cidr: '192.0.2.0/24' })).json
  const form = { name: 's', value: 'filename "a";', subnet: '192.0.2.0/24' }
  const made = (await api.post('dhcp-snippets/', form)).json
  t.equal(made.subnet.id, subnet.id)
  t.equal(made.global_snippet, false)
  const path = `dhcp-snippets/${made.id}/`
  const { json } = await api.put(path, { value: 'filename "b";', global_snippet: 'true' })
  t.match(json, { value: 'filename "b";', subnet: null, global_snippet: true })
  t.same(
    json.history.map(({ value }: { value: string }) => value),
    ['filename "b";', 'filename "a";'],
  )
  t.equal((await api.put(path, { global_snippet: 'true', node: 'abcdef' })).status, 400)
  const revert = (to: string) => api.post(`${path}?op=revert`, { to })
  t.equal((await revert('x')).json.to[0], 'Enter a whole number.')
  t.equal((await revert('')).json.to[0], 'This field is required.')
  t.equal((await revert('9999')).status, 400)
  t.equal((await revert(String(made.history[0].id))).json.value, 'filename "a";')
  t.equal((await api.post(`${path}?op=revert`, { to: '-1' }, { key: PLAIN })).status, 403)
})

t.test('scripts: tags, versions, the text itself, and filters of the list', async (t) => {
  const api = await startTestApi(t)
  await api.post('scripts/', { name: 'a', script: '#!/bin/a', tags: 'one' })
  await api.post('scripts/', { name: 'b', script: '#!/bin/b', type: 'commissioning' })
  const path = 'scripts/a'
  t.same((await api.post(`${path}?op=add_tag`, { tag: 'two' })).json.tags, ['one', 'two'])
  t.same((await api.post(`${path}?op=remove_tag`, { tag: 'one' })).json.tags, ['two'])
  t.equal((await api.post(`${path}?op=add_tag`, { tag: 'a b' })).status, 400)
  const first = (await api.get(path)).json.history[0].id
  await api.put(path, { script: '#!/bin/c', comment: 'faster' })
  const download = (query: string) => api.get(`${path}?op=download${query}`)
  t.equal((await download('')).text, '#!/bin/c')
  t.equal((await download(`&revision=${first}`)).text, '#!/bin/a')
  t.equal((await download('&revision=999')).status, 400)
  const { json } = await api.get(`${path}?include_script=true`)
  t.equal(Buffer.from(json.history[0].data, 'base64').toString(), '#!/bin/c')
  t.notOk((await api.get(path)).json.history[0].data)
  t.equal((await api.post(`${path}?op=revert`, { to: '-1' })).status, 200)
  t.equal((await download('')).text, '#!/bin/a')
  const names = async (query: string) =>
    (await api.get(`scripts/?${query}`)).json.map(({ name }: { name: string }) => name)
  t.same(await names('type=commissioning'), ['b'])
  t.same(await names('filters=two'), ['a'])
  t.same(await names('hardware_type=cpu'), [])
  t.equal((await api.get('scripts/?type=joke')).status, 400)
})

t.test('selections belong to a source that exists', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.get('boot-sources/7/selections/')).status, 404)
  t.equal((await api.post('boot-sources/7/selections/', { os: 'a', release: 'b' })).status, 404)
  await api.post('boot-sources/', { url: 'http://192.0.2.1/' })
  await api.post('boot-sources/', { url: 'http://192.0.2.2/' })
  await api.post('boot-sources/1/selections/', { os: 'ubuntu', release: 'noble' })
  t.equal((await api.get('boot-sources/2/selections/')).json.length, 0)
  t.equal((await api.get('boot-sources/2/selections/1/')).status, 404)
})

t.test('commissioning scripts: names and raw bytes of scripts of that type', async (t) => {
  const api = await startTestApi(t)
  const form = { name: 'probe', content: '#!/bin/sh\n' }
  t.equal((await api.post('commissioning-scripts/', form)).json.name, 'probe')
  await api.post('scripts/', { name: 'burn-in', script: '#!/bin/sh', type: 'testing' })
  t.strictSame((await api.get('commissioning-scripts/')).json, ['probe'])
  const path = 'commissioning-scripts/probe'
  const raw = await api.get(path)
  t.equal(raw.text, '#!/bin/sh\n')
  t.equal(raw.headers.get('content-type'), 'application/binary')
  t.match((await api.get('scripts/probe')).json, { type: 0 })
  t.equal((await api.put(path, { content: '#!/bin/bash' })).status, 200)
  t.equal((await api.get(path)).text, '#!/bin/bash')
  t.equal((await api.put(path, { content: 'x' })).status, 400)
  t.equal((await api.get(path, { key: PLAIN })).status, 403)
  t.equal((await api.get('commissioning-scripts/burn-in')).status, 404, 'of another type')
  t.equal((await api.delete(path)).status, 204)
  t.strictSame((await api.get('commissioning-scripts/')).json, [])
})
