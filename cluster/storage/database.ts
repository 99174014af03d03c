// What the stores need of an ordered, atomic key-value database: LevelDB in production, a simulated disk
// with torn and lost writes in tests.

export type Batch = {
  /** Both are copied. */
  readonly put: (key: Buffer, value: Uint8Array) => void
  readonly del: (key: Buffer) => void
  /** Atomic. With `sync` it is on disk when the promise resolves. */
  readonly write: (sync: boolean) => Promise<void>
}

export type Row = readonly [key: Buffer, value: Buffer]

export type Database = {
  readonly batch: () => Batch
  readonly getSync: (key: Buffer) => Buffer | undefined
  /** Every row in key order, in blocks. */
  readonly blocks: () => AsyncGenerator<readonly Row[]>
  /** Everything written so far moves to synced table files (write-ahead files are closed un-synced). */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}
