// Opens a node's disk and says what may be believed of it. A damaged disk is kept aside and the node starts
// with an empty one, to be re-seeded by the others; where there are none, it does not start. Nothing of the
// damaged files is used: an entry that cannot be read may be committed, and cutting it off would let this
// node vote as if it had never been (pitfalls C11, C12).
import { AppError } from '#model/errors.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { describeError } from '#platform/system.ts'
import type { DiskPosition } from '#protocol/peer.ts'
import type { DiskSpace } from '#storage/disk-space.ts'
import { type DiskFiles, type DiskFilesOptions, makeDiskFiles } from './disk-files.ts'
import type { Loss } from './loss-file.ts'
import type { NodeFile } from './node-file.ts'
import type { Stores } from './open-stores.ts'
import type { PeerMemory } from './peer-memory.ts'

export type Disk = {
  readonly stores: Stores
  readonly peerMemory: PeerMemory
  readonly space: DiskSpace
  readonly incarnation: number
  readonly epoch: number
  /** Why this node may not vote until it is re-seeded; null when its own disk knows of nothing. */
  readonly lost: string | null
  /** Durable when it resolves. */
  readonly recordLoss: (loss: Loss) => Promise<void>
}

export async function openDisk(options: DiskFilesOptions): Promise<Disk> {
  return await openDiskOver(makeDiskFiles(options), options)
}

/**
 * Throws STORAGE_DAMAGED when the disk lost something that nobody can give back, CLUSTER_MISMATCH when the
 * data are another cluster's, DIRECTORY_IN_USE, STORAGE_FAILED; then nothing stays open.
 */
export async function openDiskOver(
  files: DiskFiles,
  { node, incarnation }: Pick<DiskFilesOptions, 'node' | 'incarnation'>,
): Promise<Disk> {
  const { path, space } = files
  // LevelDB writes when it opens; a full disk must not keep the node from starting.
  if ((await space.freeBytes()) < REGION_CONFIG.diskCriticalBytes) await space.release()
  const peerMemory = await files.openPeerMemory()
  const hasOthers = peerMemory.peers.length > 0 || node.peers.some(({ id }) => id !== node.nodeId)
  const before = await files.readLoss()
  if (before.isWrong && hasOthers) await files.setAside(before.why ?? 'its state was wrong')
  const { stores, damage } = await openOrSetAside(files, { incarnation, hasOthers })
  try {
    refuseForeign(stores, node)
    const lost = damage ?? before.why ?? (await whyEmpty(files, stores))
    if (lost !== null && !hasOthers) throw nobodyLeft(path, lost)
    const epoch = lost === null ? before.epoch : incarnation
    if (lost !== null) await files.writeLoss({ version: 1, epoch, why: lost, isWrong: false })
    const recordLoss = (loss: Loss): Promise<void> => files.writeLoss(loss)
    return { stores, peerMemory, space, incarnation, epoch, lost, recordLoss }
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
  files: DiskFiles,
  options: { readonly incarnation: number; readonly hasOthers: boolean },
): Promise<{ readonly stores: Stores; readonly damage: string | null }> {
  const { incarnation, hasOthers } = options
  try {
    return { stores: await files.openStores(), damage: null }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STORAGE_DAMAGED') throw error
    const { what } = error.details
    const damage = typeof what === 'string' ? what : error.message
    if (!hasOthers) throw nobodyLeft(files.path, damage, error)
    // Written first: a crash in between must not leave an empty log that nobody distrusts.
    await files.writeLoss({ version: 1, epoch: incarnation, why: damage, isWrong: false })
    await files.setAside(describeError(error))
    return { stores: await files.openStores(), damage }
  }
}

async function whyEmpty(files: DiskFiles, stores: Stores): Promise<string | null> {
  if (stores.position().batchSequence > 0) return null
  return (await files.isNew()) ? null : 'its log is empty, and it is not a new node'
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
