// A node's LevelDB files are damaged, set back or deleted while it is down, on real processes and files: it
// comes back without having voted on them, and every acknowledged write is there.
import { cp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { eventually, type Node, signed, TestCluster } from './support/cluster.ts'

t.setTimeout(300_000)

type Line = { readonly event: string; readonly why?: string; readonly pid?: number }
type Fault = {
  readonly name: string
  /** What the log line says was lost. */
  readonly why: RegExp
  readonly prepare?: (node: Node) => Promise<void>
  readonly inflict: (node: Node) => Promise<void>
}

const imageOf = (node: Node): string => `${node.data_dir}.image`

const FAULTS: readonly Fault[] = [
  {
    name: 'a bit flipped in the log',
    why: /\.(log|ldb)|record|block|checksum/,
    inflict: async (node) => {
      const directory = join(node.data_dir, 'log')
      const names = (await readdir(directory)).filter((name) => name.endsWith('.log'))
      const path = join(directory, names.toSorted().at(-1) ?? '')
      const file = await open(path, 'r+')
      const { size } = await stat(path)
      const byte = Buffer.alloc(1)
      // In the middle: whole records follow, so nobody can take it for a torn tail.
      const position = Math.floor(size / 2)
      await file.read(byte, 0, 1, position)
      byte.writeUInt8(byte.readUInt8(0) ^ 1, 0)
      await file.write(byte, 0, 1, position)
      await file.close()
    },
  },
  {
    name: 'the whole directory set back to an older image',
    why: /remembers that/,
    prepare: (node) => cp(node.data_dir, imageOf(node), { recursive: true }),
    inflict: async (node) => {
      for (const name of await readdir(node.data_dir)) {
        // The log lines are this test's evidence, no part of the node's memory.
        if (!name.startsWith('log.jsonl')) await rm(join(node.data_dir, name), { recursive: true })
      }
      const filter = (source: string): boolean => !source.includes('log.jsonl')
      await cp(imageOf(node), node.data_dir, { recursive: true, filter })
    },
  },
  {
    name: 'both databases, the receipt and the snapshots deleted',
    why: /empty/,
    inflict: async (node) => {
      for (const name of ['log', 'log.receipt', 'state', 'snapshots']) {
        await rm(join(node.data_dir, name), { recursive: true })
      }
    },
  },
]

class Writer {
  readonly acknowledged: string[] = []
  readonly #apiKey: string

  constructor(apiKey: string) {
    this.#apiKey = apiKey
  }

  /** Some settings, each asked for until it is acknowledged. */
  async write(through: readonly Node[], count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const name = `custom/k${this.acknowledged.length}`
      const node = through[i % through.length]
      await eventually(`${name} written`, 30, async () => {
        const response = await this.#ask(node, name, 'PUT')
        return response.ok ? true : undefined
      })
      this.acknowledged.push(name)
    }
  }

  /** Those of the acknowledged that `node` itself does not have. */
  async missingAt(node: Node): Promise<readonly string[]> {
    const missing: string[] = []
    for (const name of this.acknowledged) {
      const response = await this.#ask(node, name, 'GET')
      if (!response.ok) missing.push(name)
    }
    return missing
  }

  async #ask(node: Node | undefined, name: string, method: 'GET' | 'PUT'): Promise<Response> {
    const query = method === 'GET' ? '?consistency=stale' : ''
    const url = `${node?.api_url}/api/v1/settings/${encodeURIComponent(name)}${query}`
    const response = await fetch(url, {
      method,
      headers: { ...signed(this.#apiKey), 'content-type': 'application/json' },
      ...(method === 'PUT' ? { body: JSON.stringify({ value: name }) } : {}),
      signal: AbortSignal.timeout(15_000),
    })
    await response.body?.cancel()
    return response
  }
}

async function linesOf(node: Node): Promise<readonly Line[]> {
  const text = await readFile(join(node.data_dir, 'log.jsonl'), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}

async function kill(node: Node): Promise<void> {
  process.kill(node.pid, 'SIGKILL')
  await eventually(`${node.id} is dead`, 10, async () => {
    try {
      process.kill(node.pid, 0)
      return undefined
    } catch {
      return true
    }
  })
}

for (const { name, why, prepare, inflict } of FAULTS) {
  t.test(`${name}: the node is re-seeded before it votes`, { timeout: 120_000 }, async (t) => {
    const cluster = await TestCluster.make()
    t.teardown(() => cluster.remove())
    const { admin } = await cluster.bootstrap()
    const writer = new Writer(admin.api_key)
    const leader = await cluster.leader()
    const victim = cluster.now.nodes.find(({ id }) => id !== leader.id)
    if (victim === undefined) throw new Error('three nodes were asked for')
    const others = cluster.now.nodes.filter(({ id }) => id !== victim.id)

    await writer.write(cluster.now.nodes, 6)
    await prepare?.(victim)
    await writer.write(cluster.now.nodes, 6)
    await kill(victim)
    const linesBefore = (await linesOf(victim)).length
    await inflict(victim)
    await writer.write(others, 6)
    await cluster.bootstrap()
    await eventually(`${victim.id} votes again`, 60, async () => {
      const { nodes } = await cluster.status()
      const own = nodes.find(({ id }) => id === victim.id)
      return own?.condition === 'ok' && own.reachable && own.lag === 0 ? true : undefined
    })

    const lines = (await linesOf(victim)).slice(linesBefore)
    const events = lines.map(({ event }) => event)
    t.match(lines.find(({ event }) => event === 'node.lost_memory')?.why, why)
    const reseeded = events.indexOf('node.reseeded')
    t.ok(reseeded > events.indexOf('node.lost_memory'), 'it said when it was back')
    t.notOk(events.slice(0, reseeded).includes('raft.voted'), 'it voted for nobody before')
    t.same(await writer.missingAt(victim), [], 'it has every acknowledged write')

    // Its vote is worth something now: with it, two of three go on.
    const [, lost] = others
    await kill(lost ?? leader)
    await writer.write([victim], 3)
    t.same(await writer.missingAt(victim), [])
  })
}
