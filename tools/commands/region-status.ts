// `ironraft region status`: one picture of the cluster, put together from every node that answers. Exit 0 when a
// quorum is healthy, 7 when not, dead nodes or not.
import { join, resolve } from 'node:path'
import { authorization } from '../client.ts'
import { checkUrl } from '../api-session.ts'
import { expectCluster, type ClusterFile } from '../cluster-directory.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { pidFile, readPid } from '../node-process.ts'
import { formatTable } from '../output.ts'
import { chooseProfile } from '../profiles.ts'
import type { Arguments, Io } from '../command-line.ts'

export type NodeStatus = {
  readonly id: string
  readonly role: string
  readonly voter: boolean
  readonly applied: number
  readonly commit: number
  readonly lag: number
  readonly reachable: boolean
  readonly fsync_p99_ms: number | null
  /** `ok`, or why the node has no vote now: `verifying`, `reseeding`, `diverged`; `unknown` when silent. */
  readonly condition: string
  /** One sentence about the condition; null when there is nothing to say. */
  readonly reason: string | null
  /** Room on its disk: `none` for no alarm, `low`, `critical`. */
  readonly alarm: string
  /** ISO date of the end of its certificate; null when it is not known. */
  readonly certificate_expires?: string | null
  readonly pid?: number
}

export type ClusterStatus = {
  readonly cluster_id: string
  readonly leader: string | null
  readonly term: number
  readonly nodes: readonly NodeStatus[]
}

/** What one region says, itself included. */
export type Answer = ClusterStatus & { readonly node_id: string }

const ASK_TIMEOUT_MS = 2_000

export async function runStatus(args: Arguments, io: Io): Promise<number> {
  const text = args.text('dir')
  if (text !== undefined && args.given('url')) throw new UsageError('give --url or --dir, not both')
  const directory = text === undefined ? null : resolve(io.cwd, text)
  const cluster = directory === null ? null : await expectCluster(directory)
  const { urls, apiKey } = cluster === null ? await remote(args, io) : local(cluster)
  const answers = await Promise.all(urls.map((url) => askRegion(url, apiKey)))
  const heard = answers.filter((answer) => answer !== null)
  const best = withOwnRows(newest(heard), heard)
  if (best === null && cluster === null) {
    io.error(`ironraft: no region answers at ${urls.join(', ')}`)
    return EXIT.noQuorum
  }
  const merged = best === null ? allDead(cluster) : contractOf(best)
  const status =
    directory === null || cluster === null ? merged : await withPids(merged, directory, cluster)
  io.out(args.flag('json') ? JSON.stringify(status) : describeStatus(status))
  return isHealthy(status) ? EXIT.ok : EXIT.noQuorum
}

/** A leader that is reachable, and a majority of the voters with it. */
export function isHealthy({ leader, nodes }: ClusterStatus): boolean {
  const voters = nodes.filter((node) => node.voter)
  const up = voters.filter((node) => node.reachable && hasVote(node)).length
  return nodes.some((node) => node.id === leader && node.reachable) && up * 2 > voters.length
}

function hasVote({ condition }: NodeStatus): boolean {
  return condition === 'ok' || condition === 'unknown'
}

/** Of those that know a leader the one of the highest term, then the one furthest ahead. */
export function newest(answers: readonly ClusterStatus[]): ClusterStatus | null {
  const ahead = ({ nodes }: ClusterStatus) => Math.max(0, ...nodes.map((node) => node.commit))
  const sorted = answers.toSorted((a, b) => {
    const leaders = Number(b.leader !== null) - Number(a.leader !== null)
    return leaders || b.term - a.term || ahead(b) - ahead(a)
  })
  return sorted[0] ?? null
}

/** A node knows best about itself: what it says of another one is up to a second old. */
export function withOwnRows(
  best: ClusterStatus | null,
  answers: readonly Answer[],
): ClusterStatus | null {
  if (best === null) return null
  const own = new Map<string, NodeStatus>()
  for (const { node_id: id, nodes } of answers) {
    const row = nodes.find((node) => node.id === id)
    if (row !== undefined) own.set(id, row)
  }
  const nodes = best.nodes.map((seen) => ({
    ...(own.get(seen.id) ?? seen),
    reachable: seen.reachable,
  }))
  const commit = Math.max(0, ...nodes.map((node) => node.commit))
  const lagOf = (node: NodeStatus) => Math.max(0, commit - node.applied)
  return { ...best, nodes: nodes.map((node) => ({ ...node, lag: lagOf(node) })) }
}

async function remote(args: Arguments, io: Io) {
  const urls = args.list('url')
  urls.forEach(checkUrl)
  return chooseProfile(io.env, { name: args.text('profile'), urls })
}

function local(cluster: ClusterFile) {
  return { urls: cluster.nodes.map((node) => node.apiUrl), apiKey: cluster.admin?.apiKey ?? null }
}

/** Null when this region does not answer; its own view is enough, so no leader is needed. */
export async function askRegion(url: string, apiKey: string | null): Promise<Answer | null> {
  const base = url.replace(/\/+$/, '').replace(/\/MAAS$/, '')
  try {
    const response = await fetch(`${base}/api/v1/cluster`, {
      headers: apiKey === null ? {} : { authorization: authorization(apiKey) },
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    })
    if (!response.ok) {
      await response.body?.cancel()
      return null
    }
    return (await response.json()) as Answer
  } catch {
    return null
  }
}

/** Only the keys of the contract, in its order; what else the API says is left out. */
function contractOf({ cluster_id, leader, term, nodes }: ClusterStatus): ClusterStatus {
  return {
    cluster_id,
    leader,
    term,
    nodes: nodes.map((node) => ({
      id: node.id,
      role: node.role,
      voter: node.voter,
      applied: node.applied,
      commit: node.commit,
      lag: node.lag,
      reachable: node.reachable,
      fsync_p99_ms: node.fsync_p99_ms,
      condition: node.condition,
      reason: node.reason,
      alarm: node.alarm,
      certificate_expires: node.certificate_expires ?? null,
      ...(typeof node.pid === 'number' ? { pid: node.pid } : {}),
    })),
  }
}

function allDead(cluster: ClusterFile | null): ClusterStatus {
  const nodes = (cluster?.nodes ?? []).map(({ id }) => ({
    id,
    role: 'unknown',
    voter: true,
    applied: 0,
    commit: 0,
    lag: 0,
    reachable: false,
    fsync_p99_ms: null,
    condition: 'unknown',
    reason: null,
    alarm: 'none',
    certificate_expires: null,
  }))
  return { cluster_id: cluster?.clusterId ?? '', leader: null, term: 0, nodes }
}

/** The pid files of this host know better than an old report. */
async function withPids(
  status: ClusterStatus,
  directory: string,
  cluster: ClusterFile,
): Promise<ClusterStatus> {
  const pids = new Map<string, number | null>()
  for (const node of cluster.nodes) {
    pids.set(node.id, await readPid(pidFile(join(directory, node.directory))))
  }
  const nodes = status.nodes.map((seen) => {
    // A node of another host, or of another directory of this one.
    if (!pids.has(seen.id)) return seen
    const pid = pids.get(seen.id) ?? null
    if (pid !== null) return { ...seen, pid }
    const dead: NodeStatus & { pid?: number } = { ...seen, reachable: false }
    delete dead.pid
    return dead
  })
  return { ...status, nodes }
}

function describeStatus(status: ClusterStatus): string {
  const health = isHealthy(status) ? 'healthy' : 'NO QUORUM'
  const columns = [
    'id',
    'role',
    'voter',
    'applied',
    'commit',
    'lag',
    'reachable',
    'fsync_p99_ms',
    'condition',
    'alarm',
    'certificate_expires',
    'pid',
  ]
  const leader = status.leader ?? 'none'
  const head = `Cluster ${status.cluster_id}: ${health}, leader ${leader}, term ${status.term}`
  const why = status.nodes
    .filter(({ reason }) => reason !== null)
    .map(({ id, condition, reason }) => `\n${id} is ${condition}: ${reason}`)
  return `${head}\n${formatTable(status.nodes, columns)}${why.join('')}`
}
