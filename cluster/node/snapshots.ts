// Making, sending and receiving snapshots (walk 3 of ARCHITECTURE.md). The order is what makes them safe
// (pitfall C6): the file is durable under its name before the log names it, and only then is the log cut.
import { createHash } from 'node:crypto'
import type { Logger } from '#model/ports.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import { decodeRows, encodeRows } from '#protocol/rows.ts'
import type { Message } from '#raft/message.ts'
import type { Configuration, SnapshotMeta } from '#raft/types.ts'
import { dump, restore, type DumpedRow } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'

/** Rows in one chunk: small enough to encode between two heartbeats. */
const CHUNK_ROWS = 500

export type InstallSnapshot = Extract<Message, { type: 'installSnapshot' }>

/**
 * Encodes the whole state before the first await: later commands cannot mix into it. Resolves when the
 * file is durable.
 */
export async function writeSnapshot(
  store: SnapshotStore,
  state: RegionState,
  at: { readonly term: number; readonly configuration: Configuration },
): Promise<{ readonly meta: SnapshotMeta; readonly bytes: number }> {
  const meta: SnapshotMeta = {
    lastIncludedIndex: state.revision,
    lastIncludedTerm: at.term,
    lastIncludedStamp: state.stamp,
    configuration: at.configuration,
  }
  const chunks = [...encodeState(state)]
  await store.create(meta, asAsync(chunks))
  return { meta, bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

function* encodeState(state: RegionState): Generator<Uint8Array> {
  let rows: DumpedRow[] = []
  for (const row of dump(state)) {
    rows.push(row)
    if (rows.length === CHUNK_ROWS) {
      yield encodeRows(rows)
      rows = []
    }
  }
  if (rows.length > 0) yield encodeRows(rows)
}

/** Reads the file of `meta` (verified by the store) into a new state. */
export async function readSnapshot(store: SnapshotStore, meta: SnapshotMeta): Promise<RegionState> {
  const rows: DumpedRow[] = []
  for await (const chunk of store.openRead(meta.lastIncludedIndex)) {
    for (const row of decodeRows(chunk)) rows.push(row as DumpedRow)
  }
  return restore(rows)
}

/** SHA-256 over every row of the state in canonical order: equal on equal replicas. */
export function stateDigest(state: RegionState): string {
  const hash = createHash('sha256')
  for (const chunk of encodeState(state)) hash.update(chunk)
  return hash.digest('hex')
}

/** Streams the newest snapshot to a follower that is behind the log; reports how it ended. */
export async function sendSnapshot(options: {
  readonly message: InstallSnapshot
  readonly store: SnapshotStore
  readonly send: (
    to: string,
    offer: SnapshotOffer,
    chunks: AsyncIterable<Uint8Array>,
  ) => Promise<void>
  readonly logger: Logger
}): Promise<void> {
  const { message, store, send, logger } = options
  const file = await store.describe(message.snapshot.lastIncludedIndex)
  const offer: SnapshotOffer = {
    meta: message.snapshot,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    from: message.from,
    term: message.term,
  }
  logger.info('raft.snapshot_sending', { to: message.to, index: offer.meta.lastIncludedIndex })
  await send(message.to, offer, store.openRead(offer.meta.lastIncludedIndex))
}

async function* asAsync(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}
