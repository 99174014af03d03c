// Brings the nodes of a data directory up and waits until they serve; or takes them down. Shared by
// `region bootstrap`, `region init` and `start`.
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import {
  listenOf,
  prepareEmpty,
  readCluster,
  withLock,
  type ClusterFile,
} from './cluster-directory.ts'
import { formatDns } from './dns-address.ts'
import { expectFree } from './free-port.ts'
import { makeCluster, type Layout } from './make-cluster.ts'
import { pidFile, readPid, startNode, stopProcess, type StartedNode } from './node-process.ts'

export type RunningNode = {
  readonly id: string
  /** Null when it ended at its start. */
  readonly pid: number | null
  readonly apiUrl: string
  readonly peerAddress: string
  readonly directory: string
}

export type RunningCluster = {
  readonly cluster: ClusterFile
  readonly nodes: readonly RunningNode[]
  /** Those that this call started. */
  readonly started: readonly StartedNode[]
  /** One sentence for each node that did not come up; a majority did. */
  readonly failures: readonly string[]
}

/** Three nodes are up in about two seconds; a node that replays a long log takes longer. */
const READY_TIMEOUT_MS = 60_000
const POLL_MS = 25

/**
 * Makes the cluster if there is none, starts the nodes that do not run, resolves when all of them serve, or
 * a majority does and the others ended: a damaged node must not keep the healthy ones down. Nothing it
 * started is left running when it throws, or when `stopped` is aborted meanwhile.
 */
export async function bringUp(
  layout: Layout,
  stopped: AbortSignal,
  make: (layout: Layout) => Promise<ClusterFile> = makeCluster,
): Promise<RunningCluster> {
  return withLock(layout.directory, async () => {
    const known = await readCluster(layout.directory)
    if (known !== null) expectSame(known, layout)
    const made = known ?? (await makeNew(layout, make))
    const cluster = await withoutRemoved(layout.directory, made)
    const started: StartedNode[] = []
    try {
      const nodes = await startAll(layout, cluster, started)
      const ended = await untilServing({ nodes, started, stopped })
      const alive = nodes.map((node) => (ended.has(node.directory) ? { ...node, pid: null } : node))
      return { cluster, nodes: alive, started, failures: [...ended.values()] }
    } catch (error) {
      await Promise.all(started.map((node) => stopProcess(node.pid)))
      throw error
    }
  })
}

/** Stops what runs of a cluster; returns how many nodes that were. */
export async function takeDown(directory: string, cluster: ClusterFile): Promise<number> {
  const pids = await Promise.all(
    cluster.nodes.map((node) => readPid(pidFile(join(directory, node.directory)))),
  )
  const running = pids.filter((pid) => pid !== null)
  await Promise.all(running.map((pid) => stopProcess(pid)))
  return running.length
}

/** Nodes that have left do not start again; their directories stay until somebody deletes them. */
async function withoutRemoved(directory: string, cluster: ClusterFile): Promise<ClusterFile> {
  const marks = await Promise.all(
    cluster.nodes.map((node) => exists(join(directory, node.directory, 'removed.json'))),
  )
  const nodes = cluster.nodes.filter((_, at) => marks[at] === false)
  if (nodes.length > 0) return { ...cluster, nodes }
  throw new AppError('MEMBER_REMOVED', `The node of ${directory} has left its cluster.`)
}

async function makeNew(
  layout: Layout,
  make: (layout: Layout) => Promise<ClusterFile>,
): Promise<ClusterFile> {
  for (let at = 0; at < layout.nodeCount; at++) {
    await expectFree(layout.host, layout.apiPort + at)
    await expectFree(layout.host, layout.peerPort + at)
  }
  await mkdir(layout.directory, { recursive: true, mode: 0o700 })
  await prepareEmpty(layout.directory)
  return make(layout)
}

/** What the directory holds decides; asking for something else is a mistake that is said aloud. */
function expectSame(cluster: ClusterFile, layout: Layout): void {
  const [first] = cluster.nodes
  const listen = first === undefined ? undefined : listenOf(first)
  const reached = layout.advertise ?? { host: layout.host, port: layout.peerPort }
  const same =
    cluster.nodes.length === layout.nodeCount &&
    listen?.host === layout.host &&
    first?.apiPort === layout.apiPort &&
    listen.port === layout.peerPort &&
    first.host === reached.host &&
    first.port === reached.port
  if (same) return
  throw new AppError(
    'DIRECTORY_IN_USE',
    `${layout.directory} holds a cluster of ${cluster.nodes.length} nodes at ${listen?.host} ` +
      `ports ${first?.apiPort} and ${listen?.port}, reached at ${first?.host}:${first?.port}; give the same options, or another --dir.`,
  )
}

async function startAll(
  { directory, dns = null }: Layout,
  cluster: ClusterFile,
  started: StartedNode[],
): Promise<RunningNode[]> {
  const pids = new Map<string, number | null>()
  for (const node of cluster.nodes) {
    const path = join(directory, node.directory)
    const pid = await readPid(pidFile(path))
    pids.set(node.id, pid)
    if (pid !== null) continue
    await expectNodeDirectory(path)
    const listen = listenOf(node)
    await expectFree(listen.host, node.apiPort)
    await expectFree(listen.host, listen.port)
  }
  const nodes: RunningNode[] = []
  for (const [at, node] of cluster.nodes.entries()) {
    const path = join(directory, node.directory)
    let pid = pids.get(node.id) ?? null
    if (pid === null) {
      const child = await startNode(path, dns === null ? [] : ['--dns', formatDns(dns, at)])
      started.push(child)
      pid = child.pid
    }
    const peerAddress = `${node.host}:${node.port}`
    nodes.push({ id: node.id, pid, apiUrl: node.apiUrl, peerAddress, directory: path })
  }
  return nodes
}

/** A wiped voter must not come back as if it had never voted. */
async function expectNodeDirectory(path: string): Promise<void> {
  await stat(join(path, 'node.json')).catch((cause: unknown) => {
    const text = `${path} has lost its files; a node cannot be started from nothing.`
    throw new AppError('STORAGE_DAMAGED', text, { cause })
  })
}

/** Directory → why, for each node that ended instead. Throws when no majority is left, or none in time. */
async function untilServing(parts: {
  readonly nodes: readonly RunningNode[]
  readonly started: readonly StartedNode[]
  readonly stopped: AbortSignal
}): Promise<ReadonlyMap<string, string>> {
  const { nodes, started, stopped } = parts
  const deadline = performance.now() + READY_TIMEOUT_MS
  const ended = new Map<string, string>()
  for (const { directory, ended: end } of started) {
    void end.then(async (how) => ended.set(directory, await whyEnded(directory, how)))
  }
  const waiting = new Set(nodes)
  for (;;) {
    for (const node of [...waiting]) {
      if (ended.has(node.directory) || (await isServing(node))) waiting.delete(node)
    }
    if (ended.size * 2 >= nodes.length) {
      throw new AppError('INTERNAL', [...ended.values()].join('; '))
    }
    if (waiting.size === 0) return ended
    if (stopped.aborted) throw new AppError('SHUTTING_DOWN', 'Stopped before it was ready.')
    if (performance.now() > deadline) {
      const late = [...waiting].map((node) => node.id).join(', ')
      throw new AppError('NO_QUORUM', `Not ready after ${READY_TIMEOUT_MS / 1000} s: ${late}.`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** A leader has committed the first command, this node has applied it, and follows (`/readyz`). */
async function isServing(node: RunningNode): Promise<boolean> {
  try {
    const response = await fetch(`${node.apiUrl}/readyz`, { signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return response.ok && !(await exists(join(node.directory, 'initialise.json')))
  } catch {
    return false
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** The last line that the node wrote says more than an exit code. */
async function whyEnded(directory: string, how: string): Promise<string> {
  const log = await readFile(join(directory, 'log.jsonl'), 'utf8').catch(() => '')
  const lines = log.trim().split('\n')
  const plain = lines.findLast((line) => line.startsWith('ironraft: ')) ?? lines.at(-1) ?? ''
  return `${directory} ended at start (${how}): ${plain.replace('ironraft: ', '').slice(0, 300)}`
}
