// The state of a node whose process is stopped, as far as its disk knows it: snapshot, rows and *every* entry of
// its log, applied. For the last resort when a majority is gone: an entry behind the known commit index may
// have been acknowledged by nodes that are lost, so keeping it is the side on which nothing is lost; it may
// also never have been acknowledged, which a client was told by having had no answer.
import type { Logger } from '#model/ports.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { systemClock } from '#platform/system.ts'
import { decodeEnvelope } from '#protocol/envelope.ts'
import type { Entry } from '#raft/types.ts'
import { apply } from '#state/apply.ts'
import type { RegionState } from '#state/state.ts'
import { type NodeFile, readNodeFile } from './node-file.ts'
import { openStores, type Stores } from './open-stores.ts'
import { Pace } from './pace.ts'

export type OfflineState = {
  readonly node: NodeFile
  readonly state: RegionState
  readonly lastTerm: number
  /** What the node knew to be committed when it stopped. */
  readonly commitIndex: number
}

/** Throws DIRECTORY_IN_USE while it runs, STORAGE_DAMAGED, UNSUPPORTED_VERSION. Changes nothing that counts. */
export async function readOfflineState(directory: string, logger: Logger): Promise<OfflineState> {
  const node = await readNodeFile(directory)
  const stores = await openStores(directory, node, logger)
  try {
    const { state, log } = stores
    await applyRest(stores)
    const lastTerm = log.reader.termAt(log.reader.lastIndex()) ?? 0
    return { node, state, lastTerm, commitIndex: log.hardState().commitIndex }
  } finally {
    await stores.close()
  }
}

async function applyRest({ state, log }: Stores): Promise<void> {
  const pace = new Pace(systemClock, REGION_CONFIG.snapshotSliceMs)
  const end = log.reader.lastIndex() + 1
  while (state.revision + 1 < end) {
    const page = log.reader.entries(state.revision + 1, end, REGION_CONFIG.committedBytesMax)
    for (const entry of page) applyOne(state, entry)
    if (pace.due()) await pace.rest()
  }
}

function applyOne(state: RegionState, { kind, data, index, stamp }: Entry): void {
  if (kind === 'command') apply(state, decodeEnvelope(data), { index, stamp })
  else state.advance(index, stamp)
}
