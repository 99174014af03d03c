// A few hundred bytes beside the log database that remember how far it was: the amnesia check of
// raft-features §5. Written only AFTER the batch it names is durable, so it is never ahead of the log.
//
// Two slots of 512 bytes (one disk sector each), each with its CRC. `sync` (terms, votes, clean close)
// writes the slot that does not hold the last synced state, so a torn write loses nothing; `note` (every
// other batch) writes that same slot without a sync: no latency, and it outlives the death of the process.
//
//   0 crc u32 | 4 version u8 | 8 batch sequence u64 | 16 term u64 | 24 last index u64 | 32 last term u64
//   40 length u16 of the name voted for (0xffff: none) | 42 name, UTF-8
import assert from 'node:assert/strict'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type { LogIndex, NodeId, Term } from '#raft/types.ts'
import { damaged } from './damage.ts'
import { isAbsent, syncDirectory } from './files.ts'
import { readUint64, writeUint64 } from './log-keys.ts'

const SLOT_BYTES = 512
const VERSION = 1
const NAME_OFFSET = 42
const NO_NAME = 0xffff

export type ReceiptState = {
  readonly batchSequence: number
  readonly currentTerm: Term
  readonly votedFor: NodeId | null
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
}

export type Receipt = {
  /** As found at opening. */
  readonly state: ReceiptState
  /** Best effort, at once and without a sync; a failure shows in the next `sync`. */
  readonly note: (state: ReceiptState) => void
  readonly sync: (state: ReceiptState) => Promise<void>
  readonly close: () => Promise<void>
}

export const EMPTY_RECEIPT: ReceiptState = {
  batchSequence: 0,
  currentTerm: 0,
  votedFor: null,
  lastIndex: 0,
  lastTerm: 0,
}

/** `expected`: a log is there, so its receipt must be too. Throws STORAGE_DAMAGED. */
export async function openReceipt(path: string, expected: boolean): Promise<Receipt> {
  let file: FileHandle
  try {
    file = await open(path, 'r+')
  } catch (error) {
    if (!isAbsent(error)) throw error
    if (expected) throw damaged(path, 'is missing though its log is there')
    return await createReceipt(path)
  }
  try {
    // What a dead process noted may be in the page cache only; from here on it counts as synced.
    await file.datasync()
    const bytes = Buffer.alloc(2 * SLOT_BYTES)
    await file.read(bytes, 0, bytes.length, 0)
    const slots = [0, 1].map((slot) => decodeSlot(bytes.subarray(slot * SLOT_BYTES)))
    const newest = (slots[1]?.batchSequence ?? -1) > (slots[0]?.batchSequence ?? -1) ? 1 : 0
    const state = slots[newest]
    if (state === undefined) throw damaged(path, 'neither of its two slots can be read')
    return new FileReceipt(file, state, newest)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function createReceipt(path: string): Promise<Receipt> {
  const file = await open(path, 'wx+')
  const bytes = Buffer.alloc(2 * SLOT_BYTES)
  encodeSlot(EMPTY_RECEIPT).copy(bytes)
  await file.write(bytes, 0, bytes.length, 0)
  await file.sync()
  await syncDirectory(dirname(path))
  return new FileReceipt(file, EMPTY_RECEIPT, 0)
}

class FileReceipt implements Receipt {
  readonly state: ReceiptState
  readonly #file: FileHandle
  #syncedSlot: number
  #writing: Promise<void> | null = null
  #newest: ReceiptState | null = null
  #failure: Error | null = null

  constructor(file: FileHandle, state: ReceiptState, syncedSlot: number) {
    this.#file = file
    this.state = state
    this.#syncedSlot = syncedSlot
  }

  readonly note = (state: ReceiptState): void => {
    this.#newest = state
    this.#writing ??= this.#drain()
  }

  readonly sync = async (state: ReceiptState): Promise<void> => {
    this.#newest = null
    await this.#writing
    if (this.#failure !== null) throw this.#failure
    await this.#write(state)
    await this.#file.datasync()
    this.#syncedSlot = 1 - this.#syncedSlot
  }

  readonly close = async (): Promise<void> => {
    await this.#writing
    await this.#file.close()
  }

  /** One write at a time, always of the newest state. */
  async #drain(): Promise<void> {
    try {
      while (this.#newest !== null) {
        const state = this.#newest
        this.#newest = null
        await this.#write(state)
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    }
    this.#writing = null
  }

  async #write(state: ReceiptState): Promise<void> {
    const slot = 1 - this.#syncedSlot
    await this.#file.write(encodeSlot(state), 0, SLOT_BYTES, slot * SLOT_BYTES)
  }
}

function encodeSlot(state: ReceiptState): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES)
  const name = state.votedFor === null ? null : Buffer.from(state.votedFor)
  assert(name === null || name.length <= SLOT_BYTES - NAME_OFFSET, 'a node id fits a receipt')
  slot[4] = VERSION
  writeUint64(slot, 8, state.batchSequence)
  writeUint64(slot, 16, state.currentTerm)
  writeUint64(slot, 24, state.lastIndex)
  writeUint64(slot, 32, state.lastTerm)
  slot.writeUInt16BE(name === null ? NO_NAME : name.length, 40)
  name?.copy(slot, NAME_OFFSET)
  slot.writeUInt32BE(crc32(slot.subarray(4)), 0)
  return slot
}

function decodeSlot(bytes: Buffer): ReceiptState | undefined {
  const slot = bytes.subarray(0, SLOT_BYTES)
  if (crc32(slot.subarray(4)) !== slot.readUInt32BE(0) || slot[4] !== VERSION) return undefined
  const nameLength = slot.readUInt16BE(40)
  return {
    batchSequence: readUint64(slot, 8),
    currentTerm: readUint64(slot, 16),
    lastIndex: readUint64(slot, 24),
    lastTerm: readUint64(slot, 32),
    votedFor:
      nameLength === NO_NAME ? null : slot.toString('utf8', NAME_OFFSET, NAME_OFFSET + nameLength),
  }
}
