// The rack's journal: a small LevelDB of its own, and the only importer of `level` among racks. Records are
// chained by CRC, written in batches of whatever waits, and synced before anybody is told. A journal that is
// damaged in any way counts as none: offline rights then begin anew (lease-protocol §4, A5).
import { rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Level } from 'level'
import type { Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { decode, encode } from '#protocol/codec.ts'
import { Ledger, type JournalRecord } from './dhcp/ledger.ts'
import type { RightsJournal } from './endurance.ts'

const VERSION = 1
/** Written anew, as few records as say the same, when more than this have gathered. */
const RECORDS_MAX = 4_096

export type JournalOptions = {
  readonly dir: string
  readonly bootId: string
  readonly incarnation: number
  readonly logger: Logger
}

type Waiting = {
  readonly records: readonly JournalRecord[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Journal implements RightsJournal {
  readonly ledger: Ledger
  readonly #level: Level<string, Uint8Array>
  readonly #incarnation: number
  #sequence: number
  #chain: number
  #kept: number
  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  #failure: unknown

  private constructor(
    level: Level<string, Uint8Array>,
    read: { readonly ledger: Ledger; readonly sequence: number; readonly chain: number },
    of: { readonly kept: number; readonly incarnation: number },
  ) {
    this.#level = level
    this.ledger = read.ledger
    this.#sequence = read.sequence
    this.#chain = read.chain
    this.#kept = of.kept
    this.#incarnation = of.incarnation
  }

  /**
   * Resolves when the start of this process is on disk. Throws when the directory cannot be used at all, for
   * one because another process has it.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { dir, incarnation, bootId, logger } = options
    let level = await openLevel(dir)
    let read = await readAll(level).catch((error: unknown) => error)
    if (!isRead(read)) {
      logger.warn('rack.journal_damaged', { path: dir, error: describeError(read) })
      await level.close()
      await rm(dir, { recursive: true })
      level = await openLevel(dir)
      read = { ledger: new Ledger(), sequence: 0, chain: 0, kept: 0 }
    }
    const sound = read as Read
    const journal = new Journal(level, sound, { kept: sound.kept, incarnation })
    const opened = { type: 'opened', bootId, incarnation } as const
    journal.ledger.apply(opened)
    await journal.append([opened])
    return journal
  }

  get sequence(): number {
    return this.#sequence
  }

  append(records: readonly JournalRecord[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#level.close()
  }

  /** All that waits is one synced batch; what comes meanwhile is the next. */
  async #writeAll(): Promise<void> {
    // The packets of one turn of the loop share a batch.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      try {
        await this.#write(waiting.flatMap(({ records }) => records))
      } catch (error) {
        // Whether it is on disk is not known: nothing may be promised by this journal any more.
        this.#failure = error
        for (const { reject } of [...waiting, ...this.#waiting]) reject(error)
        this.#waiting = []
        break
      }
      for (const { resolve } of waiting) resolve()
    }
    this.#writing = null
  }

  async #write(records: readonly JournalRecord[]): Promise<void> {
    const isLong = this.#kept + records.length > RECORDS_MAX
    const batch = this.#level.batch()
    // The ledger has these records already: its dump replaces them and all before.
    if (isLong) for (const key of await this.#level.keys().all()) batch.del(key)
    const written = isLong ? this.ledger.dump(this.#incarnation) : records
    let chain = isLong ? 0 : this.#chain
    let sequence = this.#sequence
    for (const record of written) {
      const body = encode({ version: VERSION, record })
      chain = crc32(body, chain)
      batch.put(keyOf(++sequence), encode({ chain, body }))
    }
    await batch.write({ sync: true })
    this.#chain = chain
    this.#sequence = sequence
    this.#kept = isLong ? written.length : this.#kept + written.length
  }
}

type Read = {
  readonly ledger: Ledger
  readonly sequence: number
  readonly chain: number
  readonly kept: number
}

function isRead(value: unknown): value is Read {
  return typeof value === 'object' && value !== null && 'ledger' in value
}

/** Throws at the first record that is missing, damaged or of a later version. */
async function readAll(level: Level<string, Uint8Array>): Promise<Read> {
  const ledger = new Ledger()
  let chain = 0
  let sequence: number | undefined
  let kept = 0
  for await (const [key, value] of level.iterator()) {
    const row = decode(value) as { readonly chain: number; readonly body: Uint8Array }
    const number = Number.parseInt(key, 16)
    if (sequence !== undefined && number !== sequence + 1) throw new Error('a record is missing')
    chain = crc32(row.body, chain)
    if (chain !== row.chain) throw new Error(`record ${number} is damaged`)
    const { version, record } = decode(row.body) as {
      readonly version: number
      readonly record: JournalRecord
    }
    if (version !== VERSION) throw new Error(`record ${number} is of version ${version}`)
    ledger.apply(record)
    sequence = number
    kept++
  }
  return { ledger, sequence: sequence ?? 0, chain, kept }
}

async function openLevel(dir: string): Promise<Level<string, Uint8Array>> {
  const level = new Level<string, Uint8Array>(dir, { valueEncoding: 'view', compression: false })
  await level.open()
  return level
}

/** Sorts as the number does. */
function keyOf(sequence: number): string {
  return sequence.toString(16).padStart(14, '0')
}
