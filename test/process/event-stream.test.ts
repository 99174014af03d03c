// The promise of the event stream, on real processes: a reader whose region is killed goes on at another one with
// Last-Event-ID and has every change once, in the order in which everybody else has them.
import { Agent, get, type IncomingMessage, request as send } from 'node:http'
import t from 'tap'
import { eventually, type Node, signed, TestCluster } from './support/cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

const CHANGES = 10_000
const LANES = 64
/** Changes seen at which the reader's region is killed under it. */
const DEATHS_AT = [2_500, 6_000]

type Seen = { readonly id: number; readonly data: string }

/** Follows the stream of one region after another; bookmarks move its place and are no changes. */
class Reader {
  readonly seen: Seen[] = []
  /** Of them, how many are of the test's own writes. */
  written = 0
  /** Streams opened, and what went wrong for good. */
  connections = 0
  failure: string | null = null
  #last: number
  #stopping = false
  #response: IncomingMessage | null = null
  readonly #apiKey: string
  readonly #done: Promise<void>

  constructor(since: number, apiKey: string, nodeOf: (connection: number) => Node) {
    this.#last = since
    this.#apiKey = apiKey
    this.#done = this.#follow(nodeOf)
  }

  get place(): number {
    return this.#last
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#response?.destroy()
    await this.#done
  }

  async #follow(nodeOf: (connection: number) => Node): Promise<void> {
    while (!this.#stopping && this.failure === null) {
      await this.#read(nodeOf(this.connections++)).catch(() => {})
      // The next region may still be electing; asking it at once and for ever would starve it.
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  #read(node: Node): Promise<void> {
    const headers = { ...signed(this.#apiKey), 'last-event-id': String(this.#last) }
    return new Promise((resolve, reject) => {
      const request = get(`${node.api_url}/api/v1/events`, { headers, agent: false })
      request.on('error', reject)
      request.on('response', (response) => {
        this.#response = response
        if (response.statusCode === 410) this.failure = `410 after ${this.#last}`
        response.setEncoding('utf8')
        let rest = ''
        response.on('data', (text: string) => {
          const blocks = `${rest}${text}`.split('\n\n')
          // What is not whole when the region dies was not told: it comes again.
          rest = blocks.pop() ?? ''
          for (const block of blocks) this.#take(block)
        })
        response.on('error', () => resolve())
        response.on('close', () => resolve())
      })
    })
  }

  #take(block: string): void {
    const lines = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf(': ')
        return [line.slice(0, at), line.slice(at + 2)] as const
      }),
    )
    const id = lines.get('id')
    if (id === undefined) return
    this.#last = Number(id)
    const event = lines.get('event')
    if (event === 'reset') this.failure = `reset at ${id}`
    if (event !== undefined) return
    const data = lines.get('data') ?? ''
    this.seen.push({ id: this.#last, data })
    if (data.includes('"key":"custom/s')) this.written++
  }
}

/** Kept connections and a bearer token: half of what ten thousand `fetch` calls with OAuth cost. */
const AGENT = new Agent({ keepAlive: true, maxSockets: LANES })

/** Status of one try; 503 as well when the connection broke or nothing came. */
function put(url: string, bearer: string, number: number): Promise<number> {
  const body = JSON.stringify({ value: String(number) })
  const headers = {
    ...{ authorization: `Bearer ${bearer}`, 'idempotency-key': `s${number}` },
    ...{ 'content-type': 'application/json', 'content-length': body.length },
  }
  return new Promise((resolve) => {
    const options = { method: 'PUT', headers, agent: AGENT, timeout: 15_000 }
    const request = send(`${url}/api/v1/settings/custom%2Fs${number}`, options, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 503))
      response.on('error', () => resolve(503))
      response.on('close', () => resolve(503))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(503))
    request.end(body)
  })
}

async function bearerToken({ api_url: url }: Node, apiKey: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/access-tokens`, {
    method: 'POST',
    headers: { ...signed(apiKey), 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'writer', scope: 'admin' }),
  })
  return ((await answer.json()) as { readonly token: string }).token
}

/** One change, repeated under its key until it is answered with success. */
async function write(nodes: readonly Node[], bearer: string, number: number): Promise<void> {
  const deadline = performance.now() + 60_000
  for (let turn = number; performance.now() < deadline; turn++) {
    const status = await put(nodes[turn % nodes.length]?.api_url ?? '', bearer, number)
    if (status === 200) return
    if (status !== 503) throw new Error(`change ${number}: ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`change ${number} was not made in a minute`)
}

const nameOf = ({ data }: Seen): readonly string[] =>
  (JSON.parse(data) as { changes: { table: string; key: string }[] }).changes
    .filter(({ table, key }) => table === 'settings' && key.startsWith('custom/s'))
    .map(({ key }) => key)

t.test(
  'a stream that goes on at another region has 10,000 changes without a gap or a repeat',
  { timeout: 280_000 },
  async (t) => {
    const cluster = await TestCluster.make()
    t.teardown(() => cluster.remove())
    const { admin } = await cluster.bootstrap()
    await cluster.leader()
    const nodes = (): readonly Node[] => cluster.now.nodes
    const nodeAt = (at: number): Node => {
      const node = nodes()[at]
      if (node === undefined) throw new Error('three nodes were asked for')
      return node
    }
    const { revision: since } = await fetch(`${nodeAt(2).api_url}/api/v1/cluster`).then(
      async (response) => (await response.json()) as { readonly revision: number },
    )
    // The last region is never killed: what it tells is what the others must tell.
    const witness = new Reader(since, admin.api_key, () => nodeAt(2))
    let region = 0
    const reader = new Reader(since, admin.api_key, () => nodeAt(region))
    t.teardown(() => Promise.all([witness.stop(), reader.stop()]))

    t.teardown(() => AGENT.destroy())
    const bearer = await bearerToken(nodeAt(0), admin.api_key)
    let next = 0
    const writing = Promise.all(
      Array.from({ length: LANES }, async () => {
        while (next < CHANGES) await write(nodes(), bearer, next++)
      }),
    )
    const killing = async (): Promise<void> => {
      for (const at of DEATHS_AT) {
        await eventually(`${at} changes`, 120, async () =>
          reader.seen.length >= at ? true : undefined,
        )
        process.kill(nodeAt(region).pid, 'SIGKILL')
        region++
        const connections = reader.connections
        await eventually('the reader is elsewhere', 30, async () =>
          reader.connections > connections ? true : undefined,
        )
        await cluster.bootstrap()
      }
    }
    await Promise.all([writing, killing()])
    const last = (): number => witness.seen.at(-1)?.id ?? 0
    await eventually('both have everything', 60, async () => {
      const hasAll = witness.written >= CHANGES
      return hasAll && reader.place >= last() ? true : undefined
    })

    t.equal(reader.failure, null)
    t.equal(witness.failure, null)
    t.equal(witness.connections, 1, 'the witness was never cut off')
    t.ok(reader.connections > DEATHS_AT.length, 'the reader was')
    const end = Math.min(reader.place, witness.place)
    const upTo = (seen: readonly Seen[]) => seen.filter(({ id }) => id <= end)
    const ids = upTo(reader.seen).map(({ id }) => id)
    t.ok(
      ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0)),
      'ids only grow',
    )
    t.same(
      ids,
      upTo(witness.seen).map(({ id }) => id),
      'the same changes in the same order',
    )
    const differing = upTo(reader.seen).filter(({ data }, at) => data !== witness.seen[at]?.data)
    t.same(differing, [], 'told in the same words')
    const names = upTo(reader.seen).flatMap(nameOf)
    t.equal(names.length, CHANGES, 'each change')
    t.equal(new Set(names).size, CHANGES, 'once')
  },
)
