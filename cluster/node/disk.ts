// Opens a node's disk and says what may be believed of it. A damaged disk is kept aside and the node starts
// with an empty one, to be re-seeded by the others; where there are none, it does not start. Nothing of the
// damaged files is used: an entry that cannot be read may be committed, and cutting it off would let this
// node vote as if it had never been (pitfalls C11, C12).
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { DiskPosition } from '#protocol/peer.ts'
import { type Loss, readLoss, writeLoss } from './loss-file.ts'
import { JOINED_MARK, type NodeFile } from './node-file.ts'
import { openStores, type Stores } from './open-stores.ts'
import { PeerMemory } from './peer-memory.ts'

/** What a damaged node's evidence may be: each is a whole copy of a node's data. */
const KEEP_ASIDE = 2
const ASIDE = 'damaged'
const DATA = ['log', 'log.receipt', 'snapshots', 'state']

export type Disk = {
  readonly stores: Stores
  readonly peerMemory: PeerMemory
  readonly incarnation: number
  readonly epoch: number
  /** Why this node may not vote until it is re-seeded; null when its own disk knows of nothing. */
  readonly lost: string | null
  /** Durable when it resolves. */
  readonly recordLoss: (loss: Loss) => Promise<void>
}

export type OpenDiskOptions = {
  readonly dir: string
  readonly node: NodeFile
  readonly incarnation: number
  readonly logger: Logger
}

/**
 * Throws STORAGE_DAMAGED when the disk lost something that nobody can give back, CLUSTER_MISMATCH when the
 * data are another cluster's, DIRECTORY_IN_USE, STORAGE_FAILED; then nothing stays open.
 */
export async function openDisk(options: OpenDiskOptions): Promise<Disk> {
  const { dir, node, incarnation } = options
  const peerMemory = await PeerMemory.open(dir)
  const hasOthers = peerMemory.peers.length > 0 || node.peers.some(({ id }) => id !== node.nodeId)
  const before = await readLoss(dir)
  if (before.isWrong && hasOthers) await setAside(options, before.why ?? 'its state was wrong')
  const { stores, damage } = await openOrSetAside(options, hasOthers)
  try {
    refuseForeign(stores, node)
    const lost = damage ?? before.why ?? (await whyEmpty(dir, stores))
    if (lost !== null && !hasOthers) throw nobodyLeft(dir, lost)
    const epoch = lost === null ? before.epoch : incarnation
    if (lost !== null) await writeLoss(dir, { version: 1, epoch, why: lost, isWrong: false })
    const recordLoss = (loss: Loss): Promise<void> => writeLoss(dir, loss)
    return { stores, peerMemory, incarnation, epoch, lost, recordLoss }
  } catch (error) {
    await stores.close()
    throw error
  }
}

/** What the others are told. */
export function positionOf({ stores, incarnation, epoch }: Disk): DiskPosition {
  const { batchSequence, currentTerm, votedFor, lastIndex, lastTerm } = stores.position()
  return { incarnation, epoch, batchSequence, term: currentTerm, votedFor, lastIndex, lastTerm }
}

async function openOrSetAside(
  options: OpenDiskOptions,
  hasOthers: boolean,
): Promise<{ readonly stores: Stores; readonly damage: string | null }> {
  const { dir, node, incarnation, logger } = options
  try {
    return { stores: await openStores(dir, node, logger), damage: null }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STORAGE_DAMAGED') throw error
    const { what } = error.details
    const damage = typeof what === 'string' ? what : error.message
    if (!hasOthers) throw nobodyLeft(dir, damage, error)
    // Written first: a crash in between must not leave an empty log that nobody distrusts.
    await writeLoss(dir, { version: 1, epoch: incarnation, why: damage, isWrong: false })
    await setAside(options, describeError(error))
    return { stores: await openStores(dir, node, logger), damage }
  }
}

/** Renames the data; of earlier evidence only the newest stays. */
async function setAside(options: OpenDiskOptions, why: string): Promise<void> {
  const { dir, incarnation, logger } = options
  const root = join(dir, ASIDE)
  const aside = join(root, String(incarnation))
  await mkdir(aside, { recursive: true, mode: 0o700 })
  for (const name of DATA) {
    const path = join(dir, name)
    const exists = await stat(path).then(
      () => true,
      () => false,
    )
    if (exists) await rename(path, join(aside, name))
  }
  const kept = (await readdir(root)).toSorted((a, b) => Number(b) - Number(a))
  for (const name of kept.slice(KEEP_ASIDE)) await rm(join(root, name), { recursive: true })
  logger.error('node.damaged_data_set_aside', { error: why, kept_in: aside })
}

/** Both go with the first entries: beside one of them an empty log is a new one. */
const NEW_NODE_MARKS = ['initialise.json', JOINED_MARK]

async function whyEmpty(dir: string, stores: Stores): Promise<string | null> {
  if (stores.position().batchSequence > 0) return null
  const names = await readdir(dir)
  const isNew = NEW_NODE_MARKS.some((mark) => names.includes(mark))
  return isNew ? null : 'its log is empty, and it is not a new node'
}

function refuseForeign(stores: Stores, node: NodeFile): void {
  const { clusterId } = stores.state
  if (clusterId === '' || clusterId === node.clusterId) return
  throw new AppError(
    'CLUSTER_MISMATCH',
    `The data are of cluster ${clusterId}, node.json is of ${node.clusterId}. ` +
      'Put back the files that belong together, or let it join again with an empty directory.',
  )
}

function nobodyLeft(dir: string, lost: string, cause?: unknown): AppError {
  return new AppError(
    'STORAGE_DAMAGED',
    `${dir}: ${lost}. This node is the only one of its cluster, so nobody can give it back: ` +
      'put back the disk, or restore a backup into a new directory. Nothing was changed.',
    cause === undefined ? {} : { cause },
  )
}
