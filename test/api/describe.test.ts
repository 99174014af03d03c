// The describe document drives MAAS's clients: it must agree with what MAAS's own servers were recorded to say
// (names, paths, parameters, actions), and every action in it must be there when called as libmaas does.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readFacts } from '#tools/api-coverage.ts'
import { startTestApi, type TestApi } from './support/api.ts'

type Action = {
  readonly name: string
  readonly method: string
  readonly op: string | null
  readonly restful: boolean
  readonly doc: string
}
type Half = {
  readonly name: string
  readonly doc: string
  readonly path: string
  readonly uri: string
  readonly params: readonly string[]
  readonly actions: readonly Action[]
}
type Described = { readonly name: string; readonly anon: Half | null; readonly auth: Half | null }
type Document = {
  readonly doc: string
  readonly hash: string
  readonly resources: readonly Described[]
}

type RecordedHalf = Omit<Half, 'uri' | 'doc' | 'actions'> & {
  readonly actions: readonly (readonly [name: string, method: string, op: string | null])[]
}
type Recorded = {
  readonly name: string
  readonly anon: RecordedHalf | null
  readonly auth: RecordedHalf | null
}
const FIXTURES = join(import.meta.dirname, '../fixtures/maas')
const read = (file: string): unknown => JSON.parse(readFileSync(join(FIXTURES, file), 'utf8'))
const RECORDED = read('describe.json') as Readonly<Record<string, readonly Recorded[]>>
const CALLS = Object.values(readFacts()).flat()

async function documentOf(api: TestApi): Promise<Document> {
  return (await api.get('describe/', { key: null })).json as Document
}

const sameShape = (path: string) => path.replaceAll(/\{\w+\}/g, '{}').replace(/\/$/, '')

t.test('names, paths and parameters are those that MAAS was recorded to have', async (t) => {
  const { resources } = await documentOf(await startTestApi(t))
  const recorded = new Map<string, Recorded>()
  for (const version of ['2.0', '2.1', '2.2']) {
    for (const one of RECORDED[version] ?? []) recorded.set(one.name, one)
  }
  let compared = 0
  for (const { name, anon, auth } of resources) {
    const known = recorded.get(name)
    // Later than the recordings: the catalogue of 3.7 has the path.
    const path = sameShape((auth ?? anon)?.path.slice('/MAAS/api/2.0/'.length) ?? '')
    const listed = CALLS.filter((one) => sameShape(one.path) === path)
    t.ok(listed.length > 0, `${name}: ${path} is a path of MAAS`)
    const calls = new Set(listed.flatMap((one) => one.calls))
    const has = (half: Half | null): readonly string[] =>
      (half?.actions ?? []).map(({ method, op }) => (op === null ? method : `${method}:${op}`))
    for (const call of [...has(anon), ...has(auth)]) t.ok(calls.has(call), `${name} ${call}`)
    if (known === undefined) continue
    compared++
    for (const [ours, theirs] of [
      [anon, known.anon],
      [auth, known.auth],
    ] as const) {
      if (ours === null || theirs === null) continue
      t.equal(ours.name, theirs.name)
      // MAAS names the path of nodes/ for the half that all lists of nodes share; ours is served too.
      if (ours !== anon) t.equal(ours.path, theirs.path, name)
      t.strictSame(ours.params, theirs.params, name)
      for (const [action, method, op] of theirs.actions) {
        const mine = ours.actions.find((one) => one.name === action)
        if (mine !== undefined) t.match(mine, { method, op, restful: op === null })
      }
    }
  }
  t.ok(compared > 40, `${compared} resources were compared`)
})

t.test(
  'the document has MAAS’s keys, one hash everywhere, and its address from the request',
  async (t) => {
    const api = await startTestApi(t)
    const answer = await api.get('describe/', { key: null, headers: { host: 'maas.example:5240' } })
    t.equal(answer.headers.get('content-type'), 'application/json')
    const { hash, resources, doc } = answer.json as Document
    t.ok(doc)
    t.match(hash, /^[0-9a-f]{40}$/)
    t.equal(answer.headers.get('x-maas-api-hash'), hash)
    for (const path of ['version/', 'zones/', 'nothing/']) {
      t.equal((await api.get(path)).headers.get('x-maas-api-hash'), hash, path)
    }
    const other = await startTestApi(t)
    t.equal((await documentOf(other)).hash, hash, 'the same on every region')
    t.not(hash, createHash('sha1').update('').digest('hex'))
    for (const { anon, auth } of resources) {
      for (const half of [anon, auth]) {
        if (half === null) continue
        t.same(Object.keys(half).toSorted(), ['actions', 'doc', 'name', 'params', 'path', 'uri'])
        t.ok(half.uri.endsWith(half.path) && half.uri.startsWith('http://'))
        for (const action of half.actions) {
          t.same(Object.keys(action).toSorted(), ['doc', 'method', 'name', 'op', 'restful'])
          t.equal(action.restful, action.op === null)
          t.ok(action.doc.split('\n')[0]?.trim(), `${half.name}.${action.name} has help`)
          const [help = '', ...rest] = action.doc.split('\n\n')
          t.notOk(help.includes(':param'), 'what it takes is told below its help')
          for (const line of rest
            .join('\n')
            .split('\n')
            .filter((text) => text !== '')) {
            t.match(line, /^:param \S+: (?:Required|Optional)\. ./, 'as MAAS’s CLI looks for it')
          }
        }
      }
    }
  },
)

/** A client as python-libmaas is one: it knows the document and nothing else. */
class Walker {
  readonly #api: TestApi
  readonly #document: Document

  constructor(api: TestApi, document: Document) {
    this.#api = api
    this.#document = document
  }

  async call(name: string, action: string, data: Record<string, string> = {}) {
    const half = this.#document.resources.find((one) => one.name === `${name}Handler`)?.auth
    const found = half?.actions.find((one) => one.name === action)
    if (half === null || half === undefined || found === undefined) {
      throw new Error(`${name}.${action} is not described`)
    }
    const rest = new Map(Object.entries(data))
    const path = half.path.replaceAll(/\{(\w+)\}/g, (_all, param: string) => {
      const value = rest.get(param) ?? ''
      // What names the object in the path is a field of the form as well when it is changed: `new_<param>`.
      rest.delete(param)
      return encodeURIComponent(value)
    })
    const fields = [...rest].map(([key, value]) => [key.replace(/^new_/, ''), value] as const)
    const query = new URLSearchParams(found.op === null ? [] : [['op', found.op]])
    const hasBody = found.method === 'POST' || found.method === 'PUT'
    if (!hasBody) for (const [key, value] of fields) query.append(key, value)
    const target = query.size === 0 ? path : `${path}?${query.toString()}`
    return this.#api.ask(found.method, target, hasBody ? multipart(fields) : {})
  }
}

/** Every part in base64, quoted boundary, no line end after the last one (maas-api §3). */
function multipart(fields: readonly (readonly [string, string])[]) {
  const boundary = '===============8628965895483672256=='
  const parts = fields.map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Transfer-Encoding: base64\r\n` +
      `Content-Disposition: form-data; name="${name}"\r\nMIME-Version: 1.0\r\n` +
      `Content-Type: text/plain; charset="utf-8"\r\n\r\n${Buffer.from(value).toString('base64')}\r\n\r\n`,
  )
  const body =
    parts.length === 0 ? `--${boundary}\r\n\r\n--${boundary}--` : `${parts.join('')}--${boundary}--`
  return { body, headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` } }
}

t.test('a client that knows only the document manages the small objects', async (t) => {
  const api = await startTestApi(t)
  const walker = new Walker(api, await documentOf(api))
  const ok = async (...call: Parameters<Walker['call']>) => {
    const answer = await walker.call(...call)
    t.ok(answer.status < 300, `${call[0]}.${call[1]}: ${answer.status} ${answer.text}`)
    return answer.json
  }
  await ok('Zones', 'create', { name: 'north' })
  await ok('Zone', 'update', { name: 'north', new_description: 'hall' })
  t.equal((await ok('Zone', 'read', { name: 'north' })).description, 'hall')
  const pool = await ok('ResourcePools', 'create', { name: 'lab' })
  await ok('ResourcePool', 'delete', { id: String(pool.id) })
  await ok('Tags', 'create', { name: 'gpu' })
  const device = await ok('Devices', 'create', { mac_addresses: 'aa:bb:cc:00:00:04' })
  const id = device.system_id
  await ok('Devices', 'set_zone', { nodes: id, zone: 'north' })
  t.equal((await ok('Device', 'read', { system_id: id })).zone.name, 'north')
  await ok('Tag', 'update_nodes', { name: 'gpu', add: id })
  t.equal((await ok('Tag', 'devices', { name: 'gpu' })).length, 1)
  await ok('Device', 'set_owner_data', { system_id: id, floor: '2' })
  await ok('Device', 'delete', { system_id: id })
  await ok('Maas', 'set_config', { name: 'maas_name', value: 'Lab ü' })
  t.equal(await ok('Maas', 'get_config', { name: 'maas_name' }), 'Lab ü')
  const source = await ok('BootSources', 'create', { url: 'http://192.0.2.1/' })
  const boot_source_id = String(source.id)
  await ok('BootSourceSelections', 'create', { boot_source_id, os: 'ubuntu', release: 'noble' })
  await ok('BootSource', 'delete', { id: boot_source_id })
  await ok('NodeScripts', 'create', { name: 's', script: '#!/bin/sh\n' })
  await ok('NodeScript', 'add_tag', { name: 's', tag: 'x' })
  const snippet = await ok('DHCPSnippets', 'create', {
    name: 's',
    value: 'option interface-mtu 1400;',
  })
  await ok('DHCPSnippet', 'update', { id: String(snippet.id), value: 'filename "a";' })
  t.equal(
    (await ok('DHCPSnippet', 'revert', { id: String(snippet.id), to: '-1' })).value,
    snippet.value,
  )
  await ok('Files', 'create', { filename: 'f', file: 'content' })
  t.equal(
    (await ok('File', 'read', { filename: 'f' })).content,
    Buffer.from('content').toString('base64'),
  )
  await ok('Notifications', 'create', { message: 'm', admins: 'true' })
  await ok('LicenseKeys', 'create', {
    osystem: 'windows',
    distro_series: 'win2022',
    license_key: 'A',
  })
  await ok('LicenseKey', 'update', {
    osystem: 'windows',
    distro_series: 'win2022',
    license_key: 'B',
  })
  await ok('PackageRepository', 'update', { id: '1', enabled: 'false' })
  await ok('Discoveries', 'read')
})

t.test('every list that is described can be read as described', async (t) => {
  const api = await startTestApi(t)
  const document = await documentOf(api)
  const walker = new Walker(api, document)
  for (const { name, auth } of document.resources) {
    if (auth === null || auth.params.length > 0) continue
    if (!auth.actions.some((action) => action.name === 'read')) continue
    const { status } = await walker.call(name.replace(/Handler$/, ''), 'read')
    t.equal(status, 200, name)
  }
})
