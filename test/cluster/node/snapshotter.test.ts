// When a log may be cut: only to a snapshot whose file is there (pitfall C6).
import t from 'tap'
import { Snapshotter } from '#node/snapshotter.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock } from '#platform/system.ts'
import { emptyState } from '#state/state.ts'
import type { LogStore } from '#storage/log-store.ts'
import type { SnapshotStore } from '#storage/snapshot-store.ts'

const CONFIGURATION = {
  ...{ voters: ['a'], votersOutgoing: [], learners: [], learnersNext: [] },
  autoLeave: false,
}
const at = { term: 1, configuration: CONFIGURATION }

const setUp = (fileIsThere: boolean) => {
  const done: string[] = []
  const unused = (what: string, error: unknown): never => {
    throw new Error(`${what}: ${String(error)}`)
  }
  const log = {
    reader: { snapshot: () => ({ lastIncludedIndex: 0 }) },
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
    limits: { ...REGION_CONFIG, snapshotEntries: 10, trailingEntries: 5 },
    logger: makeLogger({ level: 'error', write: () => {}, clock: systemClock }),
    send: async () => {},
    onSent: () => {},
  })
  const state = emptyState()
  const reach = async (revision: number): Promise<void> => {
    state.advance(revision, 0)
    snapshotter.onApplied(state, at)
    await snapshotter.stop()
  }
  return { done, reach }
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
