// What `disk.ts` judges a disk by, over the files of a node's directory; the simulator has it in memory.
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#model/ports.ts'
import { type DiskSpace, makeDiskSpace } from '#storage/disk-space.ts'
import { type Loss, readLoss, writeLoss } from './loss-file.ts'
import { JOINED_MARK, type NodeFile } from './node-file.ts'
import { openStores, type Stores } from './open-stores.ts'
import { PeerMemory } from './peer-memory.ts'

export type DiskFiles = {
  /** For messages. */
  readonly path: string
  readonly space: DiskSpace
  readonly openPeerMemory: () => Promise<PeerMemory>
  readonly readLoss: () => Promise<Loss>
  /** Durable when it resolves. */
  readonly writeLoss: (loss: Loss) => Promise<void>
  /** Throws STORAGE_DAMAGED, DIRECTORY_IN_USE, STORAGE_FAILED, UNSUPPORTED_VERSION; then nothing stays open. */
  readonly openStores: () => Promise<Stores>
  /** Log, receipt, snapshots and state are out of the way, kept as evidence: the next opening finds none. */
  readonly setAside: (why: string) => Promise<void>
  /** This node has not written anything yet that it could have lost. */
  readonly isNew: () => Promise<boolean>
}

/** What a damaged node's evidence may be: each is a whole copy of a node's data. */
const KEEP_ASIDE = 2
const ASIDE = 'damaged'
const DATA = ['log', 'log.receipt', 'snapshots', 'state']
/** Both go with the first entries: beside one of them an empty log is a new one. */
const NEW_NODE_MARKS = ['initialise.json', JOINED_MARK]

export type DiskFilesOptions = {
  readonly dir: string
  readonly node: NodeFile
  readonly incarnation: number
  readonly logger: Logger
}

export function makeDiskFiles(options: DiskFilesOptions): DiskFiles {
  const { dir, node, logger } = options
  return {
    path: dir,
    space: makeDiskSpace(dir),
    openPeerMemory: () => PeerMemory.open(dir),
    readLoss: () => readLoss(dir),
    writeLoss: (loss) => writeLoss(dir, loss),
    openStores: () => openStores(dir, node, logger),
    setAside: (why) => setAside(options, why),
    isNew: async () => {
      const names = await readdir(dir)
      return NEW_NODE_MARKS.some((mark) => names.includes(mark))
    },
  }
}

/** Renames the data; of earlier evidence only the newest stays. */
async function setAside(options: DiskFilesOptions, why: string): Promise<void> {
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
