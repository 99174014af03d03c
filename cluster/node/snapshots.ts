// Making, sending and reading snapshots (walk 3 of ARCHITECTURE.md). The order is what makes them safe
// (pitfall C6): the file is durable under its name before the log names it, and only then is the log cut.
// Nothing here holds the event loop for longer than one slice.
import { createHash } from 'node:crypto'
import type { Logger } from '#model/ports.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import { decodeRows, encodeRows } from '#protocol/rows.ts'
import type { Message } from '#raft/message.ts'
import type { Configuration, SnapshotMeta } from '#raft/types.ts'
import { type Cut, rowsOfCut, takeCut } from '#state/cut.ts'
import { dump, type DumpedRow, Restoring } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'
import type { Pace } from './pace.ts'

/** Rows in one chunk: small enough to encode, or to take into a state, between two heartbeats. */
const CHUNK_ROWS = 500

export type InstallSnapshot = Extract<Message, { type: 'installSnapshot' }>

/**
 * Takes the cut before the first await: later commands cannot mix into it. Resolves when the file is
 * durable.
 */
export async function writeSnapshot(
  store: SnapshotStore,
  state: RegionState,
  at: { readonly term: number; readonly configuration: Configuration; readonly pace: Pace },
): Promise<{ readonly meta: SnapshotMeta; readonly bytes: number }> {
  const cut = takeCut(state)
  const meta: SnapshotMeta = {
    lastIncludedIndex: cut.revision,
    lastIncludedTerm: at.term,
    lastIncludedStamp: cut.stamp,
    configuration: at.configuration,
  }
  const { sizeBytes: bytes } = await store.create(meta, encodeCut(cut, at.pace))
  return { meta, bytes }
}

/** The rows of a cut as chunks of a snapshot or of a backup. */
export async function* encodeCut(cut: Cut, pace: Pace): AsyncGenerator<Uint8Array> {
  for (const chunk of encodeRowsOf(rowsOfCut(cut))) {
    yield chunk
    if (pace.due()) await pace.rest()
  }
}

function* encodeRowsOf(rows: Iterable<DumpedRow>): Generator<Uint8Array> {
  let chunk: DumpedRow[] = []
  for (const row of rows) {
    chunk.push(row)
    if (chunk.length < CHUNK_ROWS) continue
    yield encodeRows(chunk)
    chunk = []
  }
  if (chunk.length > 0) yield encodeRows(chunk)
}

/** Reads the file of `meta` (verified by the store) into a new state. */
export async function readSnapshot(
  store: SnapshotStore,
  meta: SnapshotMeta,
  pace: Pace,
): Promise<RegionState> {
  return restoreChunks(store.openRead(meta.lastIncludedIndex), pace)
}

/** Throws what the source throws, PROTOCOL and UNSUPPORTED_VERSION. */
export async function restoreChunks(
  chunks: AsyncIterable<Uint8Array>,
  pace: Pace,
): Promise<RegionState> {
  const restoring = new Restoring()
  for await (const chunk of chunks) {
    for (const row of decodeRows(chunk)) restoring.add(row as DumpedRow)
    if (pace.due()) await pace.rest()
  }
  return restoring.finish()
}

/** SHA-256 over every row of the state in canonical order: equal on equal replicas. */
export function stateDigest(state: RegionState): string {
  const hash = createHash('sha256')
  for (const chunk of encodeRowsOf(dump(state))) hash.update(chunk)
  return hash.digest('hex')
}

/** Where a transfer begins: 0, or where an earlier try broke off. */
export type ChunksFrom = (from: number) => AsyncIterable<Uint8Array>

/** Streams the newest snapshot to a follower that is behind the log; reports how it ended. */
export async function sendSnapshot(options: {
  readonly message: InstallSnapshot
  readonly store: SnapshotStore
  readonly send: (to: string, offer: SnapshotOffer, chunks: ChunksFrom) => Promise<void>
  /** Holds the bytes back to the rate that is allowed. */
  readonly throttle: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
  readonly logger: Logger
}): Promise<void> {
  const { message, store, send, throttle, logger } = options
  const { lastIncludedIndex: index } = message.snapshot
  const file = await store.describe(index)
  const offer: SnapshotOffer = {
    meta: message.snapshot,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    from: message.from,
    term: message.term,
  }
  await send(message.to, offer, (from) => {
    const size = { bytes: file.sizeBytes, from_byte: from }
    logger.info('raft.snapshot_sending', { to: message.to, index, ...size })
    return throttle(store.openRead(index, from))
  })
}
