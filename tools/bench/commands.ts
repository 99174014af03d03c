// P1–P4: durable commands and linearizable reads, closed loop, 256-byte values, three nodes, all synced.
// Ours and the peer's rounds alternate; both stay up throughout, as both are idle when the other is driven.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { authorization, type Cluster, leaderOf, startCluster, stopCluster } from './cluster.ts'
import { type Etcd, startEtcd } from './etcd.ts'
import type { HttpJob, LoadResult } from './http-load.ts'
import type { BenchOptions, Measured } from './main.ts'

const run = promisify(execFile)
const VALUE = 'v'.repeat(256)
const KEYS = 1_000

type Rates = { readonly ours: number[]; readonly peer: number[] }

export async function measureCommands(options: BenchOptions): Promise<readonly Measured[]> {
  const wanted = ['P1', 'P2', 'P3', 'P4'].filter((id) => options.only.has(id))
  if (wanted.length === 0) return []
  const directory = join(options.directory, 'commands')
  const cluster = await startCluster(directory)
  const etcd = options.peer ? await startEtcd(options.directory) : null
  try {
    const rows: Measured[] = []
    for (const id of wanted) rows.push(...((await MEASURES[id]?.(options, cluster, etcd)) ?? []))
    return rows
  } finally {
    await etcd?.stop()
    await stopCluster(directory)
  }
}

type Measure = (
  options: BenchOptions,
  cluster: Cluster,
  etcd: Etcd | null,
) => Promise<readonly Measured[]>

const MEASURES: Readonly<Record<string, Measure>> = {
  P1: async (options, cluster, etcd) => {
    const rates = await alternate(options, 'P1', {
      ours: async () => (await http(ourPut(options, cluster, 64))).perSecond,
      peer: etcd && (async () => (await http(etcdPut(options, etcd, 64))).perSecond),
    })
    return [row('P1', 'durable REST commands, 64 clients', '1/s', rates, 'etcd gateway')]
  },
  P2: async (options, cluster, etcd) => {
    const rows: Measured[] = []
    for (const clients of [64, 256]) {
      const rates = await alternate(options, `P2 ${clients}`, {
        ours: async () => (await native(options, cluster, clients)).perSecond,
        peer: etcd && (async () => (await grpc(options, etcd, clients)).perSecond),
      })
      const what = `durable native commands at the leader, ${clients} clients`
      rows.push(row('P2', what, '1/s', rates, 'etcd gRPC'))
    }
    return rows
  },
  P3: async (options, cluster, etcd) => {
    const rates = await alternate(options, 'P3', {
      ours: async () => (await native(options, cluster, 1)).p50Ms,
      peer: etcd && (async () => (await grpc(options, etcd, 1)).p50Ms),
    })
    return [row('P3', 'commit latency p50, 1 client', 'ms', rates, 'etcd gRPC')]
  },
  P4: async (options, cluster, etcd) => {
    // What is read has been written, also where P1 was not asked for.
    await http(ourPut(options, cluster, 64))
    if (etcd !== null) await http(etcdPut(options, etcd, 64))
    const rates = await alternate(options, 'P4', {
      ours: async () => (await http(ourGet(options, cluster, 64))).perSecond,
      peer: etcd && (async () => (await http(etcdGet(options, etcd, 64))).perSecond),
    })
    return [row('P4', 'linearizable REST reads, 64 clients', '1/s', rates, 'etcd gateway')]
  },
}

async function alternate(
  options: BenchOptions,
  what: string,
  sides: {
    readonly ours: () => Promise<number>
    readonly peer: (() => Promise<number>) | null
  },
): Promise<Rates> {
  const rates: Rates = { ours: [], peer: [] }
  for (let round = 0; round < options.rounds; round++) {
    rates.ours.push(await sides.ours())
    if (sides.peer !== null) rates.peer.push(await sides.peer())
    options.say(
      `${what} round ${round + 1}: ours ${rates.ours.at(-1)}, peer ${rates.peer.at(-1) ?? '–'}`,
    )
  }
  return rates
}

function row(id: string, what: string, unit: string, rates: Rates, peerName: string): Measured {
  const peer = rates.peer.length === 0 ? null : rates.peer
  return { id, what, unit, ours: rates.ours, peer, peerName }
}

function base(options: BenchOptions, clients: number) {
  return { clients, warmSeconds: 1, seconds: options.seconds, keys: KEYS }
}

function ourPut(options: BenchOptions, cluster: Cluster, clients: number): HttpJob {
  return {
    ...base(options, clients),
    origins: cluster.nodes.map((node) => node.api_url),
    method: 'PUT',
    path: '/api/v1/settings/bench%2Fk{k}',
    body: JSON.stringify({ value: VALUE }),
    headers: {
      authorization: authorization(cluster.apiKey),
      'content-type': 'application/json',
    },
  }
}

function ourGet(options: BenchOptions, cluster: Cluster, clients: number): HttpJob {
  return { ...ourPut(options, cluster, clients), method: 'GET', body: '' }
}

function etcdPut(options: BenchOptions, etcd: Etcd, clients: number): HttpJob {
  const value = Buffer.from(VALUE).toString('base64')
  return {
    ...base(options, clients),
    origins: etcd.origins,
    method: 'POST',
    path: '/v3/kv/put',
    body: `{"key":"{k}","value":"${value}"}`,
    headers: {},
  }
}

function etcdGet(options: BenchOptions, etcd: Etcd, clients: number): HttpJob {
  return { ...etcdPut(options, etcd, clients), path: '/v3/kv/range', body: '{"key":"{k}"}' }
}

async function http(job: HttpJob): Promise<LoadResult> {
  return child('http-load.ts', job)
}

async function grpc(options: BenchOptions, etcd: Etcd, clients: number): Promise<LoadResult> {
  const origin = etcd.origins[await etcd.leader()]
  return child('etcd.ts', {
    ...base(options, clients),
    origin,
    valueBytes: VALUE.length,
  })
}

/** Our native client is what a rack is: commands over its mTLS link, here straight at the leader. */
async function native(
  options: BenchOptions,
  cluster: Cluster,
  clients: number,
): Promise<LoadResult> {
  const leader = await leaderOf(cluster)
  const node = cluster.nodes.find(({ id }) => id === leader)
  return child('native-load.ts', {
    ...base(options, clients),
    token: cluster.rackToken,
    peerAddress: node?.peer_address,
    valueBytes: VALUE.length,
  })
}

async function child(script: string, job: unknown): Promise<LoadResult> {
  const path = join(import.meta.dirname, script)
  const args = ['--disable-warning=ExperimentalWarning', path, JSON.stringify(job)]
  const { stdout } = await run(process.execPath, args, { timeout: 300_000 })
  return JSON.parse(stdout.trim()) as LoadResult
}
