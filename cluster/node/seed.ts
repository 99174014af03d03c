// Fills the directory of a node that is about to exist: one voter whose log begins after a snapshot made from
// the rows of another cluster. Nothing of that cluster's log, votes or membership is taken over.
import { decodeRows, encodeRows } from '#protocol/rows.ts'
import type { SnapshotMeta } from '#raft/types.ts'
import { rowForNewCluster } from '#state/restore.ts'
import type { DumpedRow } from '#state/snapshot.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { openSnapshotStore } from '#storage/snapshot-store.ts'

/** Rows of one moment, in chunks as snapshots and backups have them. */
export type RowSource = {
  readonly revision: number
  readonly stamp: number
  readonly chunks: () => AsyncIterable<Uint8Array>
}

/** A new log has no earlier terms; its first election takes the next one. */
const FIRST_TERM = 1

/** `directory` has no log yet. Durable when it resolves; throws what the source throws. */
export async function seedNode(
  directory: string,
  nodeId: string,
  source: RowSource,
): Promise<void> {
  const meta: SnapshotMeta = {
    lastIncludedIndex: source.revision,
    lastIncludedTerm: FIRST_TERM,
    lastIncludedStamp: source.stamp,
    configuration: {
      ...{ voters: [nodeId], votersOutgoing: [], learners: [], learnersNext: [] },
      autoLeave: false,
    },
  }
  const snapshots = await openSnapshotStore(directory, { inForce: () => 0 })
  await snapshots.create(meta, takenOver(source.chunks()))
  const log = await openLevelLogStore(directory)
  try {
    const hardState = { currentTerm: FIRST_TERM, votedFor: null, commitIndex: source.revision }
    await log.save({ hardState, entries: [], snapshot: meta })
  } finally {
    await log.close()
  }
}

async function* takenOver(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const rows = decodeRows(chunk).map((row) => rowForNewCluster(row as DumpedRow))
    const kept = rows.filter((row) => row !== null)
    if (kept.length > 0) yield encodeRows(kept)
  }
}
