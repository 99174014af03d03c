// When a log may be cut: only to a snapshot whose file is there (pitfall C6).
import t from 'tap'
import { Snapshotter } from '#node/snapshotter.ts'
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock, systemScheduler } from '#platform/system.ts'
import { encodeRows } from '#protocol/rows.ts'
import { dump } from '#state/snapshot.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
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
  const sent: { to: string; end: (error?: Error) => void }[] = []
  const reports: string[] = []
  const clock = makeFakeClock()
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
    create: async (meta: { lastIncludedIndex: number }, chunks: AsyncIterable<Uint8Array>) => {
      done.push(`made ${meta.lastIncludedIndex}`)
      let sizeBytes = 0
      for await (const chunk of chunks) sizeBytes += chunk.length
      return { sizeBytes }
    },
    holds: async () => fileIsThere,
    describe: async () => ({ sha256: 'aa', sizeBytes: 9 }),
  } as unknown as SnapshotStore
  const snapshotter = new Snapshotter({
    ...{ log, files, onFailure: unused, clock, scheduler: systemScheduler },
    limits: {
      ...{ ...REGION_CONFIG, snapshotEntries: 10, trailingEntries: 5, snapshotHoldEntries: 40 },
      ...limits,
    },
    logger: makeLogger({ level: 'error', write: () => {}, clock: systemClock }),
    send: (to) =>
      new Promise<void>((resolve, reject) => {
        sent.push({ to, end: (error) => (error === undefined ? resolve() : reject(error)) })
      }),
    onSent: (to, ok) => reports.push(`${to} ${ok}`),
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
  const send = async (to: string): Promise<void> => {
    const snapshot = { lastIncludedIndex: 0, lastIncludedTerm: 0, lastIncludedStamp: 0 }
    const meta = { ...snapshot, configuration: CONFIGURATION }
    snapshotter.send({ type: 'installSnapshot', from: 'a', to, term: 1, snapshot: meta })
    await settle()
  }
  return { done, reach, grow, send, sent, reports, clock }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

t.test('one transfer a follower, two at a time; who must wait is reported', async (t) => {
  const { send, sent, reports } = setUp(true)
  for (const to of ['b', 'b', 'c', 'd']) await send(to)
  t.same(
    sent.map((each) => each.to),
    ['b', 'c'],
  )
  t.same(reports, ['d false'])
  sent[0]?.end()
  await settle()
  t.same(reports, ['d false', 'b true'])
  await send('d')
  t.equal(sent.length, 3)
})

t.test('the log is not cut further while a transfer may go on', async (t) => {
  const { done, reach, send, sent, clock } = setUp(true)
  await send('b')
  await reach(10)
  await reach(15)
  t.same(done, ['made 10'], 'under way')
  sent[0]?.end(new Error('the link broke'))
  await settle()
  await reach(16)
  t.same(done, ['made 10'], 'it broke: the next try needs the same snapshot')
  clock.advance(REGION_CONFIG.snapshotHoldMs)
  await reach(17)
  t.same(done, ['made 10', 'cut 10'], 'nobody came back')
})

t.test('a finished transfer lets the log go', async (t) => {
  const { done, reach, send, sent } = setUp(true)
  await send('b')
  await reach(10)
  sent[0]?.end()
  await settle()
  await reach(15)
  t.same(done, ['made 10', 'cut 10'])
})

t.test('a log that grew too long is cut though a transfer is under way', async (t) => {
  const { done, reach, send } = setUp(true)
  await send('b')
  await reach(10)
  await reach(39)
  t.same(done, ['made 10'])
  await reach(40)
  t.same(done, ['made 10', 'cut 10'])
})

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
