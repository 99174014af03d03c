// Images on real regions: an upload through all of them that survives the death of the one that has its pieces, and an
// import that survives the death of the region that works on it.
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { StreamSource } from '#test/support/stream-source.ts'
import { eventually, type Node, signed, TestCluster } from './support/cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

const MIB = 1 << 20

type Api = (
  node: Node,
  method: string,
  path: string,
  body?: RequestInit['body'],
  headers?: Record<string, string>,
) => Promise<Response>

function apiOf(key: string): Api {
  return (node, method, path, body = null, headers = {}) =>
    fetch(node.api_url + path, {
      ...{ method, body, headers: { ...signed(key), ...headers } },
      signal: AbortSignal.timeout(20_000),
    })
}

type Image = { readonly name: string; readonly regions: readonly { readonly complete: boolean }[] }

async function holders(api: Api, node: Node, name: string): Promise<number> {
  const { items } = (await (await api(node, 'GET', '/api/v1/boot-resources')).json()) as {
    readonly items: readonly Image[]
  }
  const found = items.find((image) => image.name === name)
  return found?.regions.filter(({ complete }) => complete).length ?? 0
}

t.test('an upload goes through every region and a kill', { timeout: 120_000 }, async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const { admin, nodes } = await cluster.bootstrap()
  const api = apiOf(admin.api_key)
  const [first, second, third] = nodes as [Node, Node, Node]
  const content = randomBytes(9 * MIB)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const begun = await api(
    ...([first, 'POST', '/MAAS/api/2.0/boot-resources/'] as const),
    new URLSearchParams({
      ...{ name: 'custom/mine', architecture: 'amd64/generic', filetype: 'tgz' },
      ...{ sha256, size: String(content.length) },
    }),
  )
  t.equal(begun.status, 201)
  const uri = /\/MAAS\/api\/2.0\/boot-resources\/\d+\/upload\/\d+\//.exec(await begun.text())?.[0]
  const put = (node: Node, from: number, to: number): Promise<Response> =>
    api(node, 'PUT', uri ?? '', content.subarray(from, to), {
      'content-type': 'application/octet-stream',
      'content-range': `bytes ${from}-${to - 1}/${content.length}`,
    })
  t.equal((await put(second, 0, 4 * MIB)).status, 200, 'the second region has it now')
  t.equal((await put(third, 4 * MIB, 6 * MIB)).status, 200, 'handed on')
  process.kill(second.pid, 'SIGKILL')
  const away = await put(third, 6 * MIB, content.length)
  t.equal(away.status, 503, await away.text())
  await cluster.bootstrap()
  const last = await eventually('the region is back', 20, async () => {
    const answer = await put(third, 6 * MIB, content.length)
    return answer.status === 200 ? answer : undefined
  })
  t.equal(await last.text(), 'OK')
  for (const node of cluster.now.nodes) {
    const file = await api(node, 'GET', `/MAAS/boot-resources/${sha256}/`)
    t.same(Buffer.from(await file.arrayBuffer()), content, node.id)
  }
})

t.test('an import goes on when its region dies', { timeout: 240_000 }, async (t) => {
  const source = await StreamSource.start(t)
  source.add('jammy', { sizes: { 'boot-kernel': MIB, 'boot-initrd': MIB, squashfs: 8 * MIB } })
  await source.publish()
  let isSlow = true
  source.trick = ({ url = '' }) => isSlow && url.endsWith('squashfs')
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const { admin, nodes } = await cluster.bootstrap()
  const api = apiOf(admin.api_key)
  const [any] = nodes as [Node]
  const form = (fields: Record<string, string>) => new URLSearchParams(fields)
  const root = '/MAAS/api/2.0'
  const made = await api(any, 'POST', `${root}/boot-sources/`, form({ url: source.url }))
  const { id } = (await made.json()) as { readonly id: number }
  const selection = form({ os: 'ubuntu', release: 'jammy' })
  await api(any, 'POST', `${root}/boot-sources/${id}/selections/`, selection)
  t.equal((await api(any, 'POST', `${root}/boot-resources/?op=import`)).status, 200)
  const working = await eventually('a region fetches the large file', 30, async () => {
    const row = (await (await api(any, 'GET', '/api/v1/image-import')).json()) as {
      readonly region_id: string | null
    }
    const isThere = source.asked.some((path) => path.endsWith('squashfs'))
    return isThere ? nodes.find((node) => node.id === row.region_id) : undefined
  })
  isSlow = false
  process.kill(working.pid, 'SIGKILL')
  const living = nodes.filter((node) => node !== working)
  await eventually('the import ends', 120, async () => {
    const answer = await api(living[0] ?? any, 'GET', '/api/v1/image-import')
    const { status } = (await answer.json()) as { readonly status: string }
    return status === 'done' ? status : undefined
  })
  await eventually('both living regions have all files', 60, async () =>
    (await holders(api, living[0] ?? any, 'ubuntu/jammy')) >= 2 ? true : undefined,
  )
  t.pass()
})
