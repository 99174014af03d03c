// Tags with a definition are on the machines that it is true of, whichever of both came first.
import t from 'tap'
import { DOMParser } from '@xmldom/xmldom'
import { match } from '#api/tag-matcher.ts'
import { evaluate } from '#api/xpath-thread.ts'
import { PLAIN, startTestApi, type TestApi } from './support/api.ts'

const DELL = '//node[@class="system"]/vendor = "Dell & <Sons>"'
const BIG = '//node[@id="memory"]/size[@units="bytes"] >= 8589934592'

async function addMachine(api: TestApi, n: number, hardware: object): Promise<string> {
  const { json, text } = await api.post('machines/', {
    ...{ architecture: 'amd64/generic', commission: 'false', hostname: `host${n}` },
    ...{ mac_addresses: `52:54:00:00:00:0${n}`, hardware: JSON.stringify(hardware) },
  })
  t.ok(json?.system_id, text)
  return json.system_id
}

const tagsOf = async (api: TestApi, id: string): Promise<readonly string[]> =>
  (await api.get(`machines/${id}/`)).json.tag_names

const hardware = (vendor: string, memoryMib: number) => ({
  ...{ cpu_count: 2, memory_mib: memoryMib, dmi: { sys_vendor: vendor } },
})

t.test('a definition finds machines, and machines find definitions', async (t) => {
  const api = await startTestApi(t)
  const dell = await addMachine(api, 1, hardware('Dell & <Sons>', 4_096))
  const other = await addMachine(api, 2, hardware('HPE', 16_384))
  t.equal((await api.post('tags/', { name: 'dell', definition: DELL })).status, 200)
  t.equal((await api.post('tags/', { name: 'big', definition: BIG })).status, 200)
  t.strictSame(await tagsOf(api, dell), ['dell'])
  t.strictSame(await tagsOf(api, other), ['big'])
  const late = await addMachine(api, 3, hardware('Dell & <Sons>', 16_384))
  t.strictSame((await tagsOf(api, late)).toSorted(), ['big', 'dell'])
})

t.test('another definition takes the tag from those it is not true of', async (t) => {
  const api = await startTestApi(t)
  const dell = await addMachine(api, 1, hardware('Dell & <Sons>', 4_096))
  const other = await addMachine(api, 2, hardware('HPE', 16_384))
  await api.post('tags/', { name: 'x', definition: DELL })
  await api.put('tags/x/', { definition: BIG })
  t.strictSame(await tagsOf(api, dell), [])
  t.strictSame(await tagsOf(api, other), ['x'])
  await api.put('tags/x/', { definition: '' })
  t.strictSame(await tagsOf(api, other), ['x'], 'without a definition it stays where it is')
})

t.test('what changes while a definition is evaluated is evaluated again', async (t) => {
  const api = await startTestApi(t)
  const dell = await addMachine(api, 1, hardware('Dell & <Sons>', 4_096))
  const other = await addMachine(api, 2, hardware('HPE', 16_384))
  await api.post('tags/', { name: 'x', definition: '//none' })
  // Both change the one tag; whichever is evaluated last, its members are those of the definition that stayed.
  for (let round = 0; round < 5; round++) {
    await Promise.all([
      api.put('tags/x/', { definition: DELL }),
      api.put('tags/x/', { definition: BIG }),
    ])
    const { definition } = (await api.get('tags/x/')).json
    t.strictSame(await tagsOf(api, dell), definition === DELL ? ['x'] : [])
    t.strictSame(await tagsOf(api, other), definition === BIG ? ['x'] : [])
  }
})

t.test('rebuild puts right what was changed by hand', async (t) => {
  const api = await startTestApi(t)
  const dell = await addMachine(api, 1, hardware('Dell & <Sons>', 4_096))
  const other = await addMachine(api, 2, hardware('HPE', 16_384))
  await api.post('tags/', { name: 'dell', definition: DELL })
  await api.post('tags/dell/?op=update_nodes', { add: other, remove: dell })
  t.strictSame(await tagsOf(api, other), ['dell'])
  t.equal((await api.post('tags/dell/?op=rebuild', {}, { key: PLAIN })).status, 403)
  t.strictSame((await api.post('tags/dell/?op=rebuild')).json, { rebuilding: 'dell' })
  t.strictSame(await tagsOf(api, dell), ['dell'])
  t.strictSame(await tagsOf(api, other), [])
})

t.test('details show the document that definitions search', async (t) => {
  const api = await startTestApi(t)
  const id = await addMachine(api, 1, hardware('Dell & <Sons>', 4_096))
  const { text } = await api.get(`machines/${id}/?op=details`)
  const xml = text.slice(text.indexOf('<?xml'), text.indexOf('</list>') + '</list>'.length)
  const list = new DOMParser().parseFromString(xml, 'text/xml').documentElement
  t.equal(list?.nodeName, 'list')
  t.equal(list?.getElementsByTagName('vendor')[0]?.textContent, 'Dell & <Sons>')
})

t.test('what cannot be evaluated is refused before anything is written', async (t) => {
  const api = await startTestApi(t)
  const before = api.region.proposed.length
  for (const definition of ['frob(1)', '//node[position(', '\u{1f600}']) {
    const { status, json } = await api.post('tags/', { name: 'x', definition })
    t.equal(status, 400, definition)
    t.strictSame(Object.keys(json), ['definition'])
  }
  t.equal(api.region.proposed.length, before)
})

t.test('truth is XPath’s own', (t) => {
  const documents = ['<list><node class="a"><n>7</n></node></list>', '<list/>']
  const matched = (definition: string) => match({ definition, documents })
  t.strictSame(matched('//node'), { matched: [0] }, 'nodes that are there')
  t.strictSame(matched('count(//node)'), { matched: [0] }, 'a number that is not 0')
  t.strictSame(matched('//n + 1 = 8'), { matched: [0] })
  t.strictSame(matched('not(//node)'), { matched: [1] })
  t.strictSame(matched('"text"'), { matched: [0, 1] })
  t.match(matched('//node['), { wrong: /.+/ })
  t.match(matched('frob(1)'), { wrong: /.+/ })
  t.end()
})

t.test('an expression that takes too long is given up', async (t) => {
  const definition = `//*${'[//*'.repeat(12)}${']'.repeat(12)}[. = "x"]`
  const documents = [`<list>${'<n><m/></n>'.repeat(60)}</list>`]
  const input = { definition, documents }
  const outputs = await Promise.all([
    evaluate(input, 300),
    evaluate({ ...input, definition: '//m' }, 10_000),
  ])
  t.strictSame(
    outputs,
    [{ wrong: 'it takes too long' }, { matched: [0] }],
    'and the next one has its turn',
  )
})
