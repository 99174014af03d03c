// Everything that a simulated node has on its disk: log, state database, snapshots, and the small files beside
// them. It can be killed, lose power, be damaged, wiped, or set back to an older copy of itself; what the node
// makes of that is the product's own judgement (`cluster/node/disk.ts`).
import { AppError } from '#model/errors.ts'
import type { DiskFiles } from '#node/disk-files.ts'
import type { Loss } from '#node/loss-file.ts'
import type { Stores } from '#node/open-stores.ts'
import { PeerMemory } from '#node/peer-memory.ts'
import { MemoryRows, type RowsImage } from './memory-rows.ts'
import { MemorySnapshots, type SnapshotsImage } from './memory-snapshots.ts'
import { type DiskImage, SimulatedDisk } from './simulated-disk.ts'

/** All of it as of one moment. */
export type NodeImage = {
  readonly log: DiskImage
  readonly rows: RowsImage
  readonly snapshots: SnapshotsImage
  readonly beside: Beside
}

type Beside = {
  readonly loss: Loss
  readonly peerMemory: string
  readonly incarnation: number
  /** `initialise.json` or the mark of a join is there. */
  readonly isNew: boolean
}

const NEVER: Loss = { version: 1, epoch: 0, why: null, isWrong: false }
const FIRST: Beside = { loss: NEVER, peerMemory: '{}', incarnation: 0, isNew: true }
/** Far from every alarm. */
const ROOMY_BYTES = 2 ** 40

export type NodeDiskOptions = {
  /** Takes the time of a sync. */
  readonly sync: () => Promise<void>
  /** A promise of it is about to be waited for. */
  readonly onUse: () => void
  readonly cacheBytesMax: number
}

export class NodeDisk {
  readonly log: SimulatedDisk
  readonly rows = new MemoryRows()
  readonly snapshots: MemorySnapshots
  readonly #options: NodeDiskOptions
  #beside = FIRST
  #reservedBytes = 0
  #generation = 0
  /** What anybody may still write, the reserve of this node included. */
  roomBytes = ROOMY_BYTES
  /** Every write fails: it got full between two looks. */
  isFull = false

  constructor(options: NodeDiskOptions) {
    const { sync, onUse, cacheBytesMax } = options
    this.#options = options
    this.log = new SimulatedDisk({ sync, cacheBytesMax })
    this.snapshots = new MemorySnapshots({ sync, onUse })
  }

  /** It says of itself that it lost something. */
  get hasLoss(): boolean {
    return this.#beside.loss.why !== null
  }

  /** Nothing of this node is in anybody's log yet. */
  get isNew(): boolean {
    return this.#beside.isNew
  }

  fill(): void {
    this.isFull = true
    this.log.breakWrites()
  }

  free(): void {
    this.roomBytes = ROOMY_BYTES
    this.isFull = false
    this.log.mendWrites()
  }

  /** kill -9: what was written stays, of the write under way perhaps only the beginning. */
  killProcess(writtenBytes?: number): void {
    this.#generation++
    this.log.killProcess(writtenBytes)
    this.rows.killProcess()
    this.snapshots.killProcess()
  }

  losePower(unsyncedBytes: number): void {
    this.#generation++
    this.log.losePower(unsyncedBytes)
    this.rows.losePower()
    this.snapshots.losePower()
  }

  image(): NodeImage {
    const [log, rows, snapshots] = [this.log.image(), this.rows.image(), this.snapshots.image()]
    return { log, rows, snapshots, beside: this.#beside }
  }

  restore(image: NodeImage): void {
    this.#generation++
    this.log.restore(image.log)
    this.rows.restore(image.rows)
    this.snapshots.restore(image.snapshots)
    this.#beside = image.beside
  }

  wipe(): void {
    this.#eraseData()
    this.#beside = { ...FIRST, incarnation: this.#beside.incarnation, isNew: false }
  }

  /** Beside the first entries nothing says any more that this is a new node. */
  noteJoined(): void {
    this.#beside = { ...this.#beside, isNew: false }
  }

  /** As `nextIncarnation` of the product. */
  nextIncarnation(wallMs: number): number {
    const incarnation = Math.max(this.#beside.incarnation + 1, Math.floor(wallMs / 1_000))
    this.#beside = { ...this.#beside, incarnation }
    return incarnation
  }

  files(openStores: () => Promise<Stores>): DiskFiles {
    const { onUse } = this.#options
    const generation = ++this.#generation
    return {
      path: 'simulated-disk',
      space: {
        freeBytes: async () => {
          onUse()
          return this.roomBytes - this.#reservedBytes
        },
        reserve: async (bytes, leaveBytes) => {
          if (this.roomBytes - bytes < leaveBytes) return false
          this.#reservedBytes = bytes
          return true
        },
        release: async () => {
          this.#reservedBytes = 0
        },
      },
      openPeerMemory: async () =>
        new PeerMemory(this.#beside.peerMemory, async (peerMemory) => {
          await this.#syncOf(generation)
          this.#beside = { ...this.#beside, peerMemory }
        }),
      readLoss: async () => this.#beside.loss,
      writeLoss: async (loss) => {
        await this.#syncOf(generation)
        this.#beside = { ...this.#beside, loss }
        if (loss.isWrong) this.rows.noteFound()
      },
      openStores,
      setAside: async () => this.#eraseData(),
      isNew: async () => this.#beside.isNew,
    }
  }

  async #syncOf(generation: number): Promise<void> {
    await this.#options.sync()
    if (generation !== this.#generation) throw new Error('the process is dead')
    if (this.isFull) throw new AppError('STORAGE_FAILED', 'The disk is full.')
  }

  #eraseData(): void {
    this.log.erase()
    this.rows.losePower()
    this.snapshots.restore(new Map())
  }
}
