// A node computes a row wrong, in a real process: it takes itself out, starts anew by itself and is re-seeded.
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { eventually, type Node, signed, TestCluster } from './support/cluster.ts'

t.setTimeout(120_000)

const WRONG_ROW = pathToFileURL(join(import.meta.dirname, 'support', 'wrong-row.ts')).href

const urlOf = ({ api_url: url }: Node, name: string): string =>
  `${url}/api/v1/settings/custom%2F${name}`

async function put(node: Node, apiKey: string, name: string): Promise<true | undefined> {
  const response = await fetch(urlOf(node, name), {
    method: 'PUT',
    headers: { ...signed(apiKey), 'content-type': 'application/json' },
    body: JSON.stringify({ value: 'right' }),
  })
  await response.body?.cancel()
  return response.ok ? true : undefined
}

async function eventsOf({ data_dir: directory }: Node): Promise<readonly string[]> {
  const text = await readFile(join(directory, 'log.jsonl'), 'utf8')
  const lines = text.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => (JSON.parse(line) as { readonly event: string }).event)
}

/** What `make` starts has the fault; any older `node` of the host could not load it. */
async function withWrongRow<T>(make: () => Promise<T>): Promise<T> {
  const { NODE_OPTIONS: options = '', PATH: path = '' } = process.env
  process.env['NODE_OPTIONS'] = `${options} --import=${WRONG_ROW}`.trim()
  process.env['PATH'] = `${dirname(process.execPath)}:${path}`
  try {
    return await make()
  } finally {
    process.env['NODE_OPTIONS'] = options
    process.env['PATH'] = path
  }
}

t.test('a node whose state differs starts anew by itself and is right again', async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const { nodes, admin } = await withWrongRow(() => cluster.bootstrap())
  const [right, , wrong] = nodes
  if (right === undefined || wrong === undefined) throw new Error('three nodes are up')
  await eventually('the write', 20, () => put(right, admin.api_key, 'wrong'))
  await eventually('it starts anew', 40, async () => {
    // States are compared after some entries more.
    await put(right, admin.api_key, 'more')
    return (await eventsOf(wrong)).includes('region.starts_anew') ? true : undefined
  })
  await eventually('it is re-seeded', 40, async () => {
    const { nodes: seen } = await cluster.status()
    return seen.every(({ condition, reachable }) => condition === 'ok' && reachable)
      ? true
      : undefined
  })
  const events = await eventsOf(wrong)
  const order = ['node.state_differs', 'region.starts_anew', 'node.lost_memory', 'node.reseeded']
  t.same(
    events.filter((event) => order.includes(event)),
    order,
  )
  const { nodes: seen } = await cluster.status()
  t.equal(seen.find(({ id }) => id === wrong.id)?.pid, wrong.pid, 'in the same process')
  const response = await fetch(urlOf(wrong, 'wrong'), { headers: signed(admin.api_key) })
  t.match(await response.json(), { value: 'right' })
  t.equal(
    (await readdir(join(wrong.data_dir, 'damaged'))).length,
    1,
    'what was wrong is kept aside',
  )
})
