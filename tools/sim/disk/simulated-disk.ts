// A disk in memory with a page cache: what was not synced can be lost or torn by a crash, and what was
// synced can be flipped or cut by a disk that lies. On it runs the product's own log store; reopening
// runs the product's own checks.
import { AppError } from '#model/errors.ts'
import { damaged } from '#storage/damage.ts'
import type { Batch, Database, Row } from '#storage/database.ts'
import { type DurableLogStore, openDurableLog } from '#storage/durable-log-store.ts'
import { EMPTY_RECEIPT, type Receipt, type ReceiptState } from '#storage/log-receipt.ts'
import { scanWal } from '#storage/wal-scan.ts'
import {
  decodeOperations,
  encodeOperations,
  frameRecord,
  type SimulatedOperation,
} from './simulated-disk-wal.ts'

export type SimulatedDiskOptions = {
  readonly cacheBytesMax?: number
  /** Takes the time of a sync; default: the next microtask. */
  readonly sync?: () => Promise<void>
}

export type DiskImage = { readonly bytes: Buffer; readonly receipt: ReceiptState }

export class SimulatedDisk {
  readonly #options: SimulatedDiskOptions
  #bytes = Buffer.alloc(1 << 14)
  #length = 0
  #syncedBytes = 0
  #receipt = { cached: EMPTY_RECEIPT, synced: EMPTY_RECEIPT }
  /** Handles of an earlier generation are those of a dead process. */
  #generation = 0
  #broken = false

  constructor(options: SimulatedDiskOptions = {}) {
    this.#options = options
  }

  /** Everything written, synced or not. */
  get fileBytes(): number {
    return this.#length
  }

  get syncedBytes(): number {
    return this.#syncedBytes
  }

  async open(): Promise<DurableLogStore> {
    const path = 'simulated-disk'
    const scan = scanWal(this.#file())
    if (scan.state === 'damaged') throw damaged(path, scan.reason)
    this.#length = scan.offset
    this.#syncedBytes = scan.offset
    this.#receipt.synced = this.#receipt.cached
    const generation = ++this.#generation
    const database = this.#database(scan.records.flatMap(decodeOperations), generation)
    const cacheBytesMax = this.#options.cacheBytesMax ?? 1 << 20
    return await openDurableLog(database, this.#openReceipt(generation), { path, cacheBytesMax })
  }

  /** The process dies (kill -9): all that was written stays, complete or not. */
  killProcess(writtenBytes = this.#length): void {
    this.#generation++
    this.#length = Math.min(this.#length, Math.max(this.#syncedBytes, writtenBytes))
  }

  /** Power is lost: of what was not synced, `unsyncedBytes` happen to be on the platter. */
  losePower(unsyncedBytes = 0): void {
    this.killProcess(this.#syncedBytes + unsyncedBytes)
    this.#receipt.cached = this.#receipt.synced
  }

  /** The disk lied about a sync: the file ends after `keepBytes` whatever was promised. */
  loseTail(keepBytes: number): void {
    this.#generation++
    this.#bytes = Buffer.from(this.#bytes)
    this.#length = Math.min(this.#length, keepBytes)
  }

  flipBit(byte: number, bit: number): void {
    this.#bytes = Buffer.from(this.#bytes)
    this.#bytes[byte] = (this.#bytes[byte] ?? 0) ^ (1 << bit)
  }

  /** What a copy of the whole disk has; `restore` puts an older one back. */
  image(): DiskImage {
    return {
      bytes: Buffer.from(this.#bytes.subarray(0, this.#syncedBytes)),
      receipt: this.#receipt.synced,
    }
  }

  restore({ bytes, receipt }: DiskImage): void {
    this.#generation++
    this.#bytes = Buffer.from(bytes)
    this.#length = bytes.length
    this.#syncedBytes = bytes.length
    this.#receipt = { cached: receipt, synced: receipt }
  }

  /** Nothing is left. */
  erase(): void {
    this.restore({ bytes: Buffer.alloc(0), receipt: EMPTY_RECEIPT })
  }

  /** Every write from now on fails. */
  breakWrites(): void {
    this.#broken = true
  }

  /** There is room again. */
  mendWrites(): void {
    this.#broken = false
  }

  #file(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #append(frame: Buffer): void {
    const length = this.#length + frame.length
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * Math.max(length, 1 << 13))
      this.#file().copy(larger)
      this.#bytes = larger
    }
    frame.copy(this.#bytes, this.#length)
    this.#length = length
  }

  #database(operations: readonly SimulatedOperation[], generation: number): Database {
    const rows = new Map<string, Row>()
    applyOperations(rows, operations)
    return {
      batch: () => this.#batch(rows, generation),
      getSync: (key) => rows.get(key.toString('hex'))?.[1],
      blocks: () => sortedBlocks(rows),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }
  }

  #batch(rows: Map<string, Row>, generation: number): Batch {
    const operations: SimulatedOperation[] = []
    return {
      put: (key, value) => void operations.push({ key, value: Buffer.from(value) }),
      del: (key) => void operations.push({ key, value: null }),
      write: async (sync) => {
        this.#demand(generation)
        this.#append(frameRecord(encodeOperations(operations), this.#length))
        const writtenBytes = this.#length
        if (sync) {
          await (this.#options.sync?.() ?? Promise.resolve())
          this.#demand(generation)
          this.#syncedBytes = writtenBytes
        }
        applyOperations(rows, operations)
      },
    }
  }

  #openReceipt(generation: number): Receipt {
    const note = (state: ReceiptState): void => {
      this.#demand(generation)
      this.#receipt.cached = state
    }
    return {
      state: this.#receipt.cached,
      note,
      sync: async (state) => {
        note(state)
        await (this.#options.sync?.() ?? Promise.resolve())
        this.#demand(generation)
        this.#receipt.synced = state
      },
      close: () => Promise.resolve(),
    }
  }

  #demand(generation: number): void {
    if (generation !== this.#generation) throw new Error('the process is dead')
    if (this.#broken) throw new AppError('STORAGE_FAILED', 'The disk is broken.')
  }
}

function applyOperations(rows: Map<string, Row>, operations: readonly SimulatedOperation[]): void {
  for (const { key, value } of operations) {
    if (value === null) rows.delete(key.toString('hex'))
    else rows.set(key.toString('hex'), [key, value])
  }
}

async function* sortedBlocks(rows: Map<string, Row>): AsyncGenerator<readonly Row[]> {
  const keys = [...rows.keys()].toSorted()
  yield await Promise.resolve(keys.flatMap((key) => [rows.get(key) ?? []] as Row[]))
}
