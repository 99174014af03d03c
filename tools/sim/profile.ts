// What a seed decides besides its faults: how large the pages, windows and snapshots of the nodes are, and how
// busy the clients. Small limits reach in seconds what takes a real cluster days.
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import type { SeededRandom } from './seeded-random.ts'

export type Profile = {
  readonly limits: RegionLimits
  readonly clientCount: number
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number
  /** Messages pass as bytes; dearer, and every fourth seed finds what there is to find. */
  readonly usesCodec: boolean
}

export function drawProfile(random: SeededRandom): Profile {
  const appendBytesMax = random.pick([200, 1_500, 20_000, 1 << 20])
  const snapshotEntries = random.pick([60, 200, 1_000, 10_000])
  const limits: RegionLimits = {
    ...REGION_CONFIG,
    appendBytesMax,
    inflightMessagesMax: random.pick([2, 8, 256]),
    inflightBytesMax: Math.max(appendBytesMax, random.pick([3_000, 1 << 24])),
    committedBytesMax: random.pick([1_000, 1 << 20]),
    uncommittedBytesMax: random.pick([20_000, 1 << 26]),
    snapshotEntries,
    snapshotLogBytesMin: 1,
    snapshotEntriesMax: 2 * snapshotEntries,
    snapshotHoldMs: random.pick([500, 20_000]),
    snapshotHoldEntries: 4 * snapshotEntries,
    // 0: the event loop gets its turn between any two rows.
    snapshotSliceMs: random.pick([0, 8]),
    snapshotSendBytesPerSecond: random.pick([20_000, 1 << 25]),
    snapshotSendBurstBytes: random.pick([1_000, 1 << 22]),
    trailingEntries: random.pick([5, Math.ceil(snapshotEntries / 2)]),
    historyBatches: random.pick([20, 5_000]),
    requestTimeoutMs: random.pick([3_000, 10_000]),
    joinTimeoutMs: 20_000,
    stateHashEntries: random.pick([16, 64, 8_192]),
    stateHashMs: 5_000,
  }
  const clientCount = 2 + random.integer(4)
  const thinkMs = random.pick([200, 600, 2_000])
  return { limits, clientCount, thinkMs, usesCodec: random.chance(25) }
}
