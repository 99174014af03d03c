// `ironraft region recover --dir DIR --accept-data-loss`: for a cluster whose majority is gone for good. What one
// surviving node has becomes a new cluster of one node. The old directories stay as they are and are no longer
// listed; with another cluster id and another CA their nodes can never join again. docs/recovery.md.
import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { writeDurably } from '#node/node-file.ts'
import { type OfflineState, readOfflineState } from '#node/offline-state.ts'
import { Pace } from '#node/pace.ts'
import { encodeCut } from '#node/snapshots.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { makePlatform, systemClock } from '#platform/system.ts'
import { takeCut } from '#state/cut.ts'
import { type ClusterFile, expectCluster, listenOf, withLock } from '../cluster-directory.ts'
import { UsageError } from '../exit-codes.ts'
import { makeCluster, type Layout } from '../make-cluster.ts'
import { pidFile, readPid } from '../node-process.ts'
import { takeOver } from '../take-over.ts'
import { bootstrap } from './region-bootstrap.ts'
import type { Arguments, Io } from '../command-line.ts'

type Listed = ClusterFile['nodes'][number]

export async function runRecover(args: Arguments, io: Io): Promise<number> {
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  const before = await expectCluster(directory)
  const survivor = await chooseSurvivor(directory, before, args.text('node'))
  const layout = layoutOf(directory, survivor)
  const quarantine = !args.flag('accept-duplicate-addresses')
  const confirmed = args.flag('accept-data-loss')
  await withLock(directory, async () => {
    await expectStopped(directory, before)
    const { logger } = makePlatform({ logLevel: 'error' })
    const found = await readOfflineState(join(directory, survivor.directory), logger)
    for (const line of whatHappens(before, survivor, found)) io.error(`ironraft: ${line}`)
    if (!confirmed) throw new UsageError('nothing was changed; --accept-data-loss does it')
    await remake(layout, { before, survivor, found, quarantine })
  })
  return bootstrap(layout, { detach: args.flag('detach'), json: args.flag('json') }, io)
}

/** The new node listens, and is reached, where the old one was. */
export function layoutOf(directory: string, survivor: Listed): Layout {
  const listen = listenOf(survivor)
  return {
    directory,
    nodeCount: 1,
    host: listen.host,
    apiPort: survivor.apiPort,
    peerPort: listen.port,
    advertise: survivor.listen === undefined ? null : { host: survivor.host, port: survivor.port },
  }
}

/** Said before anything is done, and again when it is. */
export function whatHappens(
  before: ClusterFile,
  survivor: Pick<Listed, 'id'>,
  { state, lastTerm, commitIndex }: Pick<OfflineState, 'state' | 'lastTerm' | 'commitIndex'>,
): readonly string[] {
  const { revision } = state
  const unknown = revision - Math.min(commitIndex, revision)
  const has = `revision ${revision} (term ${lastTerm}) of cluster ${before.clusterId}`
  return [
    `node ${survivor.id} has ${has}`,
    `kept: every write that reached it, among them ${unknown} of which it did not know the end`,
    'lost: what was acknowledged without this node; one of a higher term or revision has more',
    'the new cluster has another id: other nodes and all racks of the old one cannot join it',
  ]
}

async function chooseSurvivor(
  directory: string,
  { nodes }: ClusterFile,
  wanted: string | undefined,
): Promise<Listed> {
  const present: Listed[] = []
  for (const node of nodes) {
    if (await exists(join(directory, node.directory, 'node.json'))) present.push(node)
  }
  const ids = present.map((node) => node.id).join(', ')
  const [first] = wanted === undefined ? present : present.filter(({ id }) => id === wanted)
  if (first === undefined) {
    const what = wanted === undefined ? 'no node' : `no node ${wanted}`
    throw new AppError('NOT_FOUND', `${directory} holds ${what} that is left; there is: ${ids}.`)
  }
  if (wanted === undefined && present.length > 1) {
    throw new UsageError(`--node says which one to keep, the one that has most: ${ids}`)
  }
  return first
}

async function expectStopped(directory: string, { nodes }: ClusterFile): Promise<void> {
  for (const node of nodes) {
    const pid = await readPid(pidFile(join(directory, node.directory)))
    if (pid === null) continue
    const text = `Node ${node.id} runs here (process ${pid}); stop it first, nothing was changed.`
    throw new AppError('DIRECTORY_IN_USE', text)
  }
}

/** Until the last file of `makeCluster` is written the old cluster is the one that is listed. */
async function remake(
  layout: Layout,
  from: {
    readonly before: ClusterFile
    readonly survivor: Listed
    readonly found: OfflineState
    readonly quarantine: boolean
  },
): Promise<void> {
  const { before, survivor, found, quarantine } = from
  const { directory } = layout
  const nodeDirectory = await unusedDirectory(directory, before)
  const kept = join(directory, `bootstrap.${before.clusterId}.json`)
  await writeDurably(kept, `${JSON.stringify(before, null, 2)}\n`)
  const cut = takeCut(found.state)
  const pace = new Pace(systemClock, REGION_CONFIG.snapshotSliceMs)
  const origin = takeOver({
    fromClusterId: found.state.clusterId,
    rows: { revision: cut.revision, stamp: cut.stamp, chunks: () => encodeCut(cut, pace) },
    quarantine,
    nodeDirectory,
    more: (made) => linkFiles(join(directory, survivor.directory, 'files'), join(made, 'files')),
  })
  await makeCluster(layout, origin)
}

/** Names of old nodes are not used again; what a recovery that was cut short left is removed. */
async function unusedDirectory(directory: string, { nodes }: ClusterFile): Promise<string> {
  const numbers = nodes.map((node) => Number(/^node-(\d+)$/.exec(node.directory)?.[1] ?? 0))
  const listed = new Set(nodes.map((node) => node.directory))
  for (let number = Math.max(...numbers) + 1; ; number++) {
    const name = `node-${number}`
    const path = join(directory, name)
    if (listed.has(name) || (await exists(join(path, 'incarnation')))) continue
    await rm(path, { recursive: true, force: true })
    return name
  }
}

/** Boot files are named by their content: the new node shares them with the old one's directory. */
async function linkFiles(from: string, to: string): Promise<void> {
  if (!(await exists(from))) return
  await mkdir(to, { recursive: true, mode: 0o700 })
  for (const name of await readdir(from)) {
    const paths = [join(from, name), join(to, name)] as const
    if (!(await stat(paths[0])).isFile()) continue
    await link(...paths).catch(() => copyFile(...paths))
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
