// A1–A3: API 2.0 as MAAS's clients use it, three regions: reads and writes a second at 1, 16 and 64 clients of one
// region and spread over three; the next free address of a /16 with its commit; the 500 addresses of one subnet among
// 10,000. There is no peer that does this on a laptop.
import { execFile } from 'node:child_process'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '../client.ts'
import { authorization, type Cluster, startCluster, stopCluster } from './cluster.ts'
import type { HttpJob, LoadResult } from './http-load.ts'
import type { BenchOptions, Measured } from './main.ts'
import { cpuSecondsOf } from './process-cost.ts'

const LOAD = join(import.meta.dirname, 'http-load.ts')
const API = '/MAAS/api/2.0'
const SUBNETS = 20
const ADDRESSES_EACH = 500
const CREATORS = 32

type Made = { readonly cluster: Cluster; readonly subnetId: number }
type Job = Pick<HttpJob, 'method' | 'path' | 'body'>

export async function measureApi(options: BenchOptions): Promise<readonly Measured[]> {
  const wanted = ['A1', 'A2', 'A3'].filter((id) => options.only.has(id))
  if (wanted.length === 0) return []
  const directory = join(options.directory, 'api')
  const cluster = await startCluster(directory)
  try {
    const made = { cluster, subnetId: await makeAddresses(cluster, options.say) }
    const rows: Measured[] = []
    if (wanted.includes('A1')) rows.push(...(await readsAndWrites(options, made)))
    if (wanted.includes('A2')) rows.push(...(await nextFree(options, made)))
    if (wanted.includes('A3')) rows.push(...(await page(options, made)))
    return rows
  } finally {
    await stopCluster(directory)
  }
}

/** Of one of the subnets, which have 500 addresses each. */
async function makeAddresses(cluster: Cluster, say: (line: string) => void): Promise<number> {
  say(`A: making ${SUBNETS * ADDRESSES_EACH} addresses`)
  const urls = cluster.nodes.map(({ api_url: url }) => url)
  const client = new Client({ urls, apiKey: cluster.apiKey })
  await client.post(`${API}/subnets/`, { cidr: '10.128.0.0/16', name: 'wide' })
  const ids: number[] = []
  for (let at = 0; at < SUBNETS; at++) {
    const cidr = `10.64.${at * 2}.0/23`
    ids.push((await client.post<{ readonly id: number }>(`${API}/subnets/`, { cidr })).id)
  }
  let next = 0
  const reserve = async (): Promise<void> => {
    while (next < SUBNETS * ADDRESSES_EACH) {
      const cidr = `10.64.${(next++ % SUBNETS) * 2}.0/23`
      await client.post(`${API}/ipaddresses/?op=reserve`, { subnet: cidr })
    }
  }
  await Promise.all(Array.from({ length: CREATORS }, reserve))
  return ids[0] ?? 0
}

async function readsAndWrites(options: BenchOptions, made: Made): Promise<readonly Measured[]> {
  const path = `${API}/subnets/${made.subnetId}/`
  const jobs: readonly (readonly [string, Job])[] = [
    ['reads', { method: 'GET', path, body: '' }],
    ['writes', { method: 'PUT', path, body: 'description={k}' }],
  ]
  const rows: Measured[] = []
  for (const regions of [1, 3]) {
    for (const clients of [1, 16, 64]) {
      for (const [what, job] of jobs) {
        const text = `${what} of a subnet, ${clients} clients on ${regions} of 3 regions`
        rows.push(...(await measure(options, made, { id: 'A1', text, job, clients, regions })))
      }
    }
  }
  return rows
}

function nextFree(options: BenchOptions, made: Made): Promise<readonly Measured[]> {
  const path = `${API}/ipaddresses/?op=reserve`
  const job = { method: 'POST', path, body: 'subnet=10.128.0.0/16' }
  const text = 'next free address of a /16, committed, 64 clients on 3 regions'
  return measure(options, made, { id: 'A2', text, job, clients: 64, regions: 3 })
}

async function page(options: BenchOptions, made: Made): Promise<readonly Measured[]> {
  const path = `${API}/subnets/${made.subnetId}/?op=ip_addresses`
  const job = { method: 'GET', path, body: '' }
  const text = `${ADDRESSES_EACH} addresses of one subnet among 10,000`
  const rows: Measured[] = []
  for (const clients of [1, 16]) {
    const what = `${text}, ${clients} clients`
    rows.push(...(await measure(options, made, { id: 'A3', text: what, job, clients, regions: 3 })))
  }
  return rows
}

async function measure(
  options: BenchOptions,
  { cluster }: Made,
  of: {
    readonly id: string
    readonly text: string
    readonly job: Job
    readonly clients: number
    readonly regions: number
  },
): Promise<readonly Measured[]> {
  const { id, text, job, clients, regions } = of
  const results: (LoadResult & { readonly cpuMicros: number })[] = []
  const used = async (): Promise<number> => {
    const seconds = await Promise.all(cluster.nodes.map(({ pid }) => cpuSecondsOf(pid)))
    return seconds.reduce((sum, one) => sum + one, 0)
  }
  for (let round = 1; round <= options.rounds; round++) {
    const before = await used()
    const result = await httpLoad({
      ...job,
      origins: cluster.nodes.slice(0, regions).map(({ api_url: url }) => url),
      headers: {
        authorization: authorization(cluster.apiKey),
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...{ clients, warmSeconds: 0, seconds: options.seconds, keys: 1_000 },
    })
    const operations = result.perSecond * options.seconds
    const cpuMicros = Math.round((((await used()) - before) * 1e6) / operations)
    const { perSecond, p99Ms, errors } = result
    const at = `load ${loadavg()[0]?.toFixed(0)}`
    options.say(
      `${id} ${text}: ${perSecond}/s, p99 ${p99Ms} ms, ${cpuMicros} µs, ${errors} errors, ${at}`,
    )
    results.push({ ...result, cpuMicros })
  }
  const row = (
    what: string,
    unit: string,
    pick: (one: (typeof results)[number]) => number,
  ): Measured => ({
    ...{ id, what, unit, ours: results.map(pick), peer: null, peerName: '' },
  })
  return [
    row(text, '1/s', ({ perSecond }) => perSecond),
    row('its p99', 'ms', ({ p99Ms }) => p99Ms),
    row('CPU of all three regions for one of them', 'µs', ({ cpuMicros }) => cpuMicros),
  ]
}

/** In a process of its own. */
export async function httpLoad(job: HttpJob): Promise<LoadResult> {
  const args = ['--disable-warning=ExperimentalWarning', LOAD, JSON.stringify(job)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 300_000 })
  return JSON.parse(stdout.trim()) as LoadResult
}
