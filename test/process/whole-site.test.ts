// One whole site, built through API 2.0 by form bodies on one live cluster and by multipart bodies, as MAAS's own CLI
// writes them, on another: the end states are equal by digest on all three regions of each.
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { decodeRows } from '#protocol/rows.ts'
import { canonical, type DumpedRow } from '#state/snapshot.ts'
import { readBackup } from '#storage/backup-file.ts'
import { SITE, siteCalls } from '#test/support/whole-site.ts'
import { encodeBody, type Encoding } from '#tools/walk/bodies.ts'
import { signed, TestCluster, type Node } from './support/cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(240_000)

/** Tables that are not compared, each with why two clusters must differ in it; every other one is, ids included. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  meta: 'revision and log time: how many elections and ticks there were meanwhile',
  cluster: 'the random id of the cluster',
  controllers: 'the regions: random ids, ports',
  members: 'the regions: random ids, ports, keys',
  sessions: 'of region processes, with random ids',
  sessionOutcomes: 'answers that may still be asked for, by session',
  apiKeys: 'random secrets',
  joinTokens: 'random secrets',
  events: 'of regions too, which start in any order',
  auditEvents: 'random request ids; ids shared with the events of regions',
}

/** Counters of what is left out. */
const COUNTERS = new Set(['events'])

/** Left out of every row: wall time, and what is made of a random salt. */
const FIELDS = /(?:Wall|^passwordHash)$/

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable)
  if (value === null || typeof value !== 'object') return value
  const kept = Object.entries(value).filter(([name]) => !FIELDS.test(name))
  return Object.fromEntries(kept.map(([name, field]) => [name, comparable(field)]))
}

function isCompared({ table, key }: DumpedRow): boolean {
  if (table === 'counters' && COUNTERS.has(String(key))) return false
  return !Object.hasOwn(LEFT_OUT, table)
}

/** The rows of what one region has, from its own backup, as text by table and key. */
async function rowsOf(cluster: TestCluster, node: Node): Promise<ReadonlyMap<string, string>> {
  const headers = signed(cluster.now.admin.api_key)
  const answer = await fetch(`${node.api_url}/api/v1/backup`, { headers })
  if (answer.status !== 200) throw new Error(`backup of ${node.id}: ${answer.status}`)
  const path = join(cluster.directory, `${node.id}.backup`)
  await writeFile(path, Buffer.from(await answer.arrayBuffer()))
  const rows = new Map<string, string>()
  for await (const chunk of readBackup(path)) {
    for (const row of decodeRows(chunk) as readonly DumpedRow[]) {
      if (!isCompared(row)) continue
      const { table, key } = row
      rows.set(`${table} ${key}`, JSON.stringify(canonical(comparable(row.row))))
    }
  }
  return rows
}

function digestOf(rows: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  for (const name of [...rows.keys()].toSorted()) hash.update(`${name} ${rows.get(name)}\n`)
  return hash.digest('hex')
}

/** Call after call, each at the next region. */
async function build(t: Test, encoding: Encoding): Promise<TestCluster> {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const { admin, nodes } = await cluster.bootstrap()
  await cluster.leader()
  let at = 0
  for (const [path, fields] of siteCalls()) {
    const { type, text } = encodeBody(encoding, fields)
    const node = nodes[at++ % nodes.length]
    const answer = await fetch(`${node?.api_url}/MAAS/api/2.0/${path}`, {
      method: 'POST',
      headers: { ...signed(admin.api_key), 'content-type': type },
      body: text,
      signal: AbortSignal.timeout(30_000),
    })
    const said = await answer.text()
    if (answer.status !== 200) throw new Error(`${encoding} ${path}: ${answer.status} ${said}`)
  }
  return cluster
}

t.test(
  'a site by forms on one cluster, by multipart on another: equal on all six regions',
  async (t) => {
    const clusters = await Promise.all([build(t, 'form'), build(t, 'multipart')])
    const all = await Promise.all(
      clusters.flatMap((cluster) => cluster.now.nodes.map((node) => rowsOf(cluster, node))),
    )
    t.equal(all.length, 6)
    const [first = new Map<string, string>(), ...others] = all
    const size = (table: string): number =>
      [...first.keys()].filter((name) => name.startsWith(`${table} `)).length
    t.same(
      {
        ...{ fabrics: size('fabrics'), vlans: size('vlans'), subnets: size('subnets') },
        // The default domain has a row as well.
        ...{ domains: size('domains') - 1, snippets: size('dhcpSnippets') },
        ...{ ranges: size('ipRanges'), reservedIps: size('reservations') },
        ...{ addresses: size('ipAddresses'), routes: size('staticRoutes') },
        ...{ resources: size('dnsResources'), records: size('dnsRecords') },
      },
      SITE,
    )
    for (const rows of others) {
      const differing = [...new Set([...first.keys(), ...rows.keys()])]
        .filter((name) => first.get(name) !== rows.get(name))
        .map((name) => `${name}: ${first.get(name)} | ${rows.get(name)}`)
      t.same(differing.slice(0, 10), [])
    }
    t.equal(new Set(all.map(digestOf)).size, 1, 'one digest')
  },
)
