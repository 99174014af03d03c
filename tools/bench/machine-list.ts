// L1: 10,000 commissioned machines, half of them deployed, at three regions: a filtered page of about a hundred, the whole list,
// and an allocation by constraints with its commit.
import http from 'node:http'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { httpLoad } from './api.ts'
import { authorization, type Cluster } from './cluster.ts'
import { startFilledCluster, stopFilledCluster } from './filled-cluster.ts'
import type { HttpJob } from './http-load.ts'
import type { BenchOptions, Measured } from './main.ts'
import { cpuSecondsOf } from './process-cost.ts'

const MACHINES = 10_000
const LIST = '/MAAS/api/2.0/machines/'
/** One machine in a hundred has as much. */
const PAGE = `${LIST}?cpu_count=59&mem=230000`
/** Half of those that are free have as much. */
const WANTED = 'cpu_count=20&mem=16384&storage=root:10(ssd),data:400(ssd)'
const LISTS_A_ROUND = 5

type Row = Omit<Measured, 'id' | 'peer' | 'peerName'>

export async function measureMachineList(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('L1')) return []
  const directory = join(options.directory, 'machine-list')
  options.say(`L1: making ${MACHINES} machines at three regions`)
  try {
    const inventory = { machines: MACHINES, deployed: MACHINES / 2 }
    const cluster = await startFilledCluster(directory, inventory)
    const page = { method: 'GET', path: PAGE, body: '' }
    const allocate = { method: 'POST', path: `${LIST}?op=allocate`, body: WANTED }
    const rows = [
      ...(await closedLoop(options, cluster, 'a filtered page of the list', page)),
      ...(await wholeList(options, cluster)),
      ...(await closedLoop(options, cluster, 'an allocation by constraints, committed', allocate)),
    ]
    return rows.map((row) => ({ id: 'L1', ...row, peer: null, peerName: '' }))
  } finally {
    await stopFilledCluster(directory)
  }
}

/** One client at one region, so that a latency is no queue. */
async function closedLoop(
  options: BenchOptions,
  cluster: Cluster,
  what: string,
  job: Pick<HttpJob, 'method' | 'path' | 'body'>,
): Promise<readonly Row[]> {
  const [p50s, p99s, costs]: [number[], number[], number[]] = [[], [], []]
  for (let round = 1; round <= options.rounds; round++) {
    const before = await usedBy(cluster)
    const { perSecond, p50Ms, p99Ms, errors } = await httpLoad({
      ...job,
      origins: cluster.nodes.slice(0, 1).map(({ api_url: url }) => url),
      headers: {
        authorization: authorization(cluster.apiKey),
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...{ clients: 1, warmSeconds: 0, seconds: options.seconds, keys: 1 },
    })
    const cpuSeconds = (await usedBy(cluster)) - before
    costs.push(Math.round((cpuSeconds * 1e4) / (perSecond * options.seconds)) / 10)
    const figures = `${costs.at(-1)} ms of CPU, p50 ${p50Ms} ms, p99 ${p99Ms} ms, ${perSecond}/s, ${errors} errors`
    options.say(`L1 ${what}: ${figures}, load ${loadavg()[0]?.toFixed(0)}`)
    p50s.push(p50Ms)
    p99s.push(p99Ms)
  }
  return [
    { what: `${what}, p50`, unit: 'ms', ours: p50s },
    { what: `${what}, p99`, unit: 'ms', ours: p99s },
    { what: `${what}, CPU of all three regions`, unit: 'ms', ours: costs },
  ]
}

async function usedBy(cluster: Cluster): Promise<number> {
  const seconds = await Promise.all(cluster.nodes.map(({ pid }) => cpuSecondsOf(pid)))
  return seconds.reduce((sum, one) => sum + one, 0)
}

async function wholeList(options: BenchOptions, cluster: Cluster): Promise<readonly Row[]> {
  const [node] = cluster.nodes
  if (node === undefined) throw new Error('a cluster has nodes')
  const header = authorization(cluster.apiKey)
  const [rates, costs]: [number[], number[]] = [[], []]
  for (let round = 1; round <= options.rounds; round++) {
    const before = await cpuSecondsOf(node.pid)
    const began = performance.now()
    for (let turn = 0; turn < LISTS_A_ROUND; turn++) {
      const stamp = header.replace('{now}', String(Math.floor(Date.now() / 1_000)))
      await drain(`${node.api_url}${LIST}`, stamp.replace('{nonce}', `list-${round}-${turn}`))
    }
    const seconds = (performance.now() - began) / 1_000
    const cpuSeconds = (await cpuSecondsOf(node.pid)) - before
    const listed = MACHINES * LISTS_A_ROUND
    rates.push(Math.round(listed / seconds))
    costs.push(Math.round((cpuSeconds * 1e7) / listed) / 10)
    const figures = `${rates.at(-1)} machines/s, ${costs.at(-1)} µs of CPU each`
    options.say(`L1 the whole list: ${figures}, load ${loadavg()[0]?.toFixed(0)}`)
  }
  return [
    { what: 'the whole list, streamed', unit: 'machines/s', ours: rates },
    { what: 'CPU of the region, all threads, for a machine of it', unit: 'µs', ours: costs },
  ]
}

function drain(url: string, header: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: header }
    const sent = http.get(url, { headers, timeout: 120_000 }, (response) => {
      response.resume()
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`the list answers ${response.statusCode}`))
      })
    })
    sent.on('timeout', () => sent.destroy(new Error('the list does not end')))
    sent.on('error', reject)
  })
}
