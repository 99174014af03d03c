// When a log may be cut: only to a snapshot whose file is there (pitfall C6).
import t from 'tap'
import { Snapshotter } from '#node/snapshotter.ts'
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock } from '#platform/system.ts'
import { encodeRows } from '#protocol/rows.ts'
import { dump } from '#state/snapshot.ts'
import { emptyState } from '#state/state.ts'
import type { LogStore } from '#storage/log-store.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'

const CONFIGURATION = {
  ...{ voters: ['a'], votersOutgoing: [], learners: [], learnersNext: [] },
  autoLeave: false,
}
const at = { term: 1, configuration: CONFIGURATION }

const setUp = (
  fileIsThere: boolean,
  limits: Partial<RegionLimits> = { snapshotLogBytesMin: 0 },
) => {
  let logBytes = 0
  const done: string[] = []
  const unused = (what: string, error: unknown): never => {
    throw new Error(`${what}: ${String(error)}`)
  }
  const log = {
    reader: { snapshot: () => ({ lastIncludedIndex: 0 }) },
    sizeBytes: () => logBytes,
    compact: async ({ lastIncludedIndex }: { lastIncludedIndex: number }) => {
      done.push(`cut ${lastIncludedIndex}`)
    },
  } as unknown as LogStore
  const files = {
    create: async ({ lastIncludedIndex }: { lastIncludedIndex: number }) => {
      done.push(`made ${lastIncludedIndex}`)
    },
    holds: async () => fileIsThere,
  } as unknown as SnapshotStore
  const snapshotter = new Snapshotter({
    ...{ log, files, onFailure: unused },
    limits: { ...REGION_CONFIG, snapshotEntries: 10, trailingEntries: 5, ...limits },
    logger: makeLogger({ level: 'error', write: () => {}, clock: systemClock }),
    send: async () => {},
    onSent: () => {},
  })
  const state = emptyState()
  const reach = async (revision: number, bytes = 0): Promise<void> => {
    logBytes = bytes
    state.advance(revision, 0)
    snapshotter.onApplied(state, at)
    await snapshotter.stop()
  }
  /** Gives the state rows; returns what a snapshot of it weighs. */
  const grow = (): number => {
    state.load('settings', 'a' as never, { name: 'a', value: 'v'.repeat(500) } as never)
    return encodeRows([...dump(state)]).length
  }
  return { done, reach, grow }
}

t.test('a snapshot is made when due, the log is cut only after its tail has grown', async (t) => {
  const { done, reach } = setUp(true)
  await reach(9)
  t.same(done, [])
  await reach(10)
  t.same(done, ['made 10'])
  await reach(14)
  t.same(done, ['made 10'])
  await reach(15)
  t.same(done, ['made 10', 'cut 10'])
})

t.test('a log is never cut to a snapshot whose file is gone', async (t) => {
  const { done, reach } = setUp(false)
  await reach(10)
  await reach(15)
  t.same(done, ['made 10'])
})

t.test('a short log is not worth a snapshot, however many entries are in it', async (t) => {
  const { done, reach } = setUp(true, { snapshotLogBytesMin: 1_000, snapshotEntriesMax: 40 })
  await reach(20, 999)
  t.same(done, [])
  await reach(21, 1_000)
  t.same(done, ['made 21'])
})

t.test('but many entries are: each is applied again after a power loss', async (t) => {
  const { done, reach } = setUp(true, { snapshotLogBytesMin: 1_000, snapshotEntriesMax: 40 })
  await reach(39)
  t.same(done, [])
  await reach(40)
  t.same(done, ['made 40'])
})

t.test('the log grows to four times the last snapshot before the next', async (t) => {
  const { done, reach, grow } = setUp(true, { snapshotLogBytesMin: 1, trailingEntries: 1 })
  const snapshotBytes = grow()
  await reach(10, 1)
  await reach(11)
  await reach(30, 4 * snapshotBytes - 1)
  t.same(done, ['made 10', 'cut 10'])
  await reach(31, 4 * snapshotBytes)
  t.same(done, ['made 10', 'cut 10', 'made 31'])
})
