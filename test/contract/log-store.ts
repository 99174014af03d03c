// What every LogStore must do (cluster/storage/log-store.ts), run against LevelDB, memory and the
// simulated disk.
import type { Test } from 'tap'
import type { Entry, HardState, SnapshotMeta } from '#raft/types.ts'
import type { LogStore, LogWrite } from '#storage/log-store.ts'

export type LogStoreHarness = {
  /** Opens what the last store over the same medium left; that one is closed. */
  readonly open: () => Promise<LogStore>
  /** From now on every write fails. Undefined where that cannot be arranged. */
  readonly breakWrites?: () => void
}

/** `entry(3)`, `entry(3, { term: 2 })`: a command whose data tells index and term. */
export function entry(index: number, fields: Partial<Entry> = {}): Entry {
  const term = fields.term ?? 1
  const data = Buffer.from(`entry ${index} of term ${term}`)
  return { index, term, kind: 'command', stamp: index * 10 + 0.5, data, ...fields }
}

export function entries(from: number, to: number, fields: Partial<Entry> = {}): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, fields))
}

export function hardState(currentTerm: number, fields: Partial<HardState> = {}): HardState {
  return { currentTerm, votedFor: null, commitIndex: 0, ...fields }
}

export function snapshotMeta(lastIncludedIndex: number, lastIncludedTerm = 1): SnapshotMeta {
  return {
    lastIncludedIndex,
    lastIncludedTerm,
    lastIncludedStamp: lastIncludedIndex * 10,
    configuration: {
      voters: ['a', 'b', 'c'],
      votersOutgoing: ['a'],
      learners: ['d'],
      learnersNext: [],
      autoLeave: true,
    },
  }
}

export function logWrite(fields: Partial<LogWrite>): LogWrite {
  return { hardState: null, entries: [], snapshot: null, ...fields }
}

/** Term 1 and entries 1 … count. */
async function filled(harness: LogStoreHarness, count: number): Promise<LogStore> {
  const store = await harness.open()
  await store.save(logWrite({ hardState: hardState(1), entries: entries(1, count) }))
  return store
}

function read(store: LogStore): string[] {
  const { reader } = store
  const list = reader.entries(reader.firstIndex(), reader.lastIndex() + 1, Infinity)
  return list.map(({ index, term, data }) => `${index}/${term} ${Buffer.from(data).toString()}`)
}

function expected(list: readonly Entry[]): string[] {
  return list.map(({ index, term, data }) => `${index}/${term} ${Buffer.from(data).toString()}`)
}

export function logStoreContract(
  t: Test,
  name: string,
  make: (t: Test) => Promise<LogStoreHarness>,
): void {
  t.test(`${name}: reading and appending`, async (t) => {
    t.test('an empty log starts at 1 and ends at 0', async (t) => {
      const store = await (await make(t)).open()
      t.equal(store.reader.firstIndex(), 1)
      t.equal(store.reader.lastIndex(), 0)
      t.same(store.hardState(), hardState(0))
      t.equal(store.reader.snapshot().lastIncludedIndex, 0)
      t.equal(store.sizeBytes(), 0)
      await store.close()
    })

    t.test('the boundary before an empty log has term 0', async (t) => {
      const store = await (await make(t)).open()
      t.equal(store.reader.termAt(0), 0)
      t.equal(store.reader.termAt(1), undefined)
      t.same(store.reader.entries(1, 1, 100), [])
      await store.close()
    })

    t.test('an entry is readable when its save has resolved, in every field', async (t) => {
      const store = await (await make(t)).open()
      const configuration = entry(1, { kind: 'configuration', stamp: 1234.5 })
      const empty = entry(2, { kind: 'empty', data: new Uint8Array(0) })
      await store.save(logWrite({ hardState: hardState(1), entries: [configuration, empty] }))
      const [first, second] = store.reader.entries(1, 3, Infinity)
      t.match(first, { term: 1, index: 1, kind: 'configuration', stamp: 1234.5 })
      t.equal(Buffer.from(first?.data ?? []).toString(), 'entry 1 of term 1')
      t.match(second, { kind: 'empty' })
      t.equal(second?.data.byteLength, 0)
      await store.close()
    })

    t.test('an entry is not readable before its save has resolved', async (t) => {
      const store = await (await make(t)).open()
      const saving = store.save(logWrite({ hardState: hardState(1), entries: [entry(1)] }))
      t.equal(store.reader.lastIndex(), 0)
      await saving
      t.equal(store.reader.lastIndex(), 1)
      await store.close()
    })

    t.test('entries survive a restart in every field', async (t) => {
      const harness = await make(t)
      const first = await harness.open()
      const saved = [
        entry(1, { kind: 'configuration', stamp: 1234.5 }),
        entry(2, { kind: 'empty', data: new Uint8Array(0) }),
        entry(3, { term: 2 ** 40, stamp: 2 ** 45 }),
      ]
      await first.save(logWrite({ hardState: hardState(2 ** 40), entries: saved }))
      await first.close()
      const store = await harness.open()
      const found = store.reader.entries(1, 4, Infinity)
      t.same(
        found.map((each) => ({ ...each, data: Buffer.from(each.data).toString() })),
        saved.map((each) => ({ ...each, data: Buffer.from(each.data).toString() })),
      )
      await store.close()
    })

    t.test('a later save continues the log', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 2)
      await store.save(logWrite({ entries: entries(3, 5) }))
      t.same(read(store), expected(entries(1, 5)))
      await store.close()
      const again = await harness.open()
      t.same(read(again), expected(entries(1, 5)))
      await again.close()
    })

    t.test('entries are cut after the byte limit but never to nothing', async (t) => {
      const store = await (await make(t)).open()
      const sized = entries(1, 4, { data: Buffer.alloc(100) })
      await store.save(logWrite({ hardState: hardState(1), entries: sized }))
      t.equal(store.reader.entries(1, 5, 250).length, 2)
      t.equal(store.reader.entries(1, 5, 200).length, 2)
      t.equal(store.reader.entries(1, 5, 1).length, 1)
      t.equal(store.reader.entries(1, 5, 0).length, 1)
      t.equal(store.reader.entries(2, 2, 0).length, 0)
      await store.close()
    })

    t.test('entries outside the log are a bug of the caller', async (t) => {
      const store = await filled(await make(t), 3)
      t.throws(() => store.reader.entries(0, 2, 100))
      t.throws(() => store.reader.entries(2, 5, 100))
      await store.close()
    })

    t.test('a large entry and a thousand small ones come back', async (t) => {
      const harness = await make(t)
      const store = await harness.open()
      const large = entry(1, { data: Buffer.alloc(3 << 20, 7) })
      const list = [large, ...entries(2, 1_001)]
      await store.save(logWrite({ hardState: hardState(1), entries: list }))
      await store.close()
      const again = await harness.open()
      t.equal(again.reader.lastIndex(), 1_001)
      const [found] = again.reader.entries(1, 2, Infinity)
      t.ok(Buffer.from(found?.data ?? []).equals(Buffer.alloc(3 << 20, 7)))
      t.same(expected(again.reader.entries(2, 1_002, Infinity)), expected(entries(2, 1_001)))
      await again.close()
    })

    t.test('the size counts the bytes of entry data', async (t) => {
      const harness = await make(t)
      const store = await harness.open()
      const sized = entries(1, 4, { data: Buffer.alloc(100) })
      await store.save(logWrite({ hardState: hardState(1), entries: sized }))
      t.equal(store.sizeBytes(), 400)
      const shorter = [entry(3, { data: Buffer.alloc(10) })]
      await store.save(logWrite({ entries: shorter }))
      t.equal(store.sizeBytes(), 210)
      await store.compact(snapshotMeta(1))
      t.equal(store.sizeBytes(), 110)
      await store.close()
      const again = await harness.open()
      t.equal(again.sizeBytes(), 110)
      await again.close()
    })
  })

  t.test(`${name}: replacing a suffix (C4)`, async (t) => {
    t.test('a shorter suffix removes everything behind it', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 10)
      const anew = [entry(4, { term: 2 })]
      await store.save(logWrite({ hardState: hardState(2), entries: anew }))
      const left = [...entries(1, 3), ...anew]
      t.same(read(store), expected(left))
      t.equal(store.reader.termAt(5), undefined)
      await store.close()
      const again = await harness.open()
      t.same(read(again), expected(left))
      await again.close()
    })

    t.test('a longer suffix replaces and goes on', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 3)
      await store.save(logWrite({ hardState: hardState(2), entries: entries(2, 6, { term: 2 }) }))
      await store.close()
      const again = await harness.open()
      t.same(read(again), expected([entry(1), ...entries(2, 6, { term: 2 })]))
      await again.close()
    })

    t.test('the whole log can be replaced', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 3)
      await store.save(logWrite({ hardState: hardState(5), entries: [entry(1, { term: 5 })] }))
      await store.close()
      const again = await harness.open()
      t.same(read(again), expected([entry(1, { term: 5 })]))
      await again.close()
    })

    t.test('a replaced suffix can be extended and replaced again', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 5)
      await store.save(logWrite({ hardState: hardState(2), entries: [entry(3, { term: 2 })] }))
      await store.save(logWrite({ entries: [entry(4, { term: 2 })] }))
      await store.save(logWrite({ hardState: hardState(3), entries: [entry(4, { term: 3 })] }))
      await store.close()
      const again = await harness.open()
      const left = [...entries(1, 2), entry(3, { term: 2 }), entry(4, { term: 3 })]
      t.same(read(again), expected(left))
      await again.close()
    })
  })

  t.test(`${name}: hard state`, async (t) => {
    t.test('a vote without entries survives a restart (A1)', async (t) => {
      const harness = await make(t)
      const store = await harness.open()
      await store.save(logWrite({ hardState: hardState(7, { votedFor: 'node-b' }) }))
      await store.close()
      const again = await harness.open()
      t.same(again.hardState(), hardState(7, { votedFor: 'node-b' }))
      await again.close()
    })

    t.test('a save without hard state keeps the last one', async (t) => {
      const harness = await make(t)
      const store = await harness.open()
      await store.save(logWrite({ hardState: hardState(3, { votedFor: 'a' }) }))
      await store.save(logWrite({ entries: [entry(1, { term: 3 })] }))
      await store.close()
      const again = await harness.open()
      t.same(again.hardState(), hardState(3, { votedFor: 'a' }))
      await again.close()
    })

    t.test('term, vote, commit and entries of one save arrive together', async (t) => {
      const harness = await make(t)
      const store = await harness.open()
      const state = hardState(2, { votedFor: 'c', commitIndex: 2 })
      await store.save(logWrite({ hardState: state, entries: entries(1, 3, { term: 2 }) }))
      await store.close()
      const again = await harness.open()
      t.same(again.hardState(), state)
      t.equal(again.reader.lastIndex(), 3)
      await again.close()
    })

    t.test('hardState() is what was there at opening', async (t) => {
      const store = await (await make(t)).open()
      await store.save(logWrite({ hardState: hardState(9) }))
      t.same(store.hardState(), hardState(0))
      await store.close()
    })

    t.test('a commit index behind the end of the log is a bug of the caller (C5)', async (t) => {
      const store = await (await make(t)).open()
      const state = hardState(1, { commitIndex: 2 })
      await t.rejects(store.save(logWrite({ hardState: state, entries: [entry(1)] })))
    })

    t.test('an entry of a term that is not durable is a bug of the caller (A2)', async (t) => {
      const store = await (await make(t)).open()
      await t.rejects(store.save(logWrite({ entries: [entry(1, { term: 4 })] })))
    })
  })

  t.test(`${name}: order and failure`, async (t) => {
    t.test('a gap behind the log is a bug of the caller', async (t) => {
      const store = await filled(await make(t), 3)
      await t.rejects(store.save(logWrite({ entries: [entry(5)] })))
    })

    t.test('a gap between entries is a bug of the caller', async (t) => {
      const store = await filled(await make(t), 3)
      await t.rejects(store.save(logWrite({ entries: [entry(4), entry(6)] })))
    })

    t.test('two saves at a time are a bug of the caller', async (t) => {
      const store = await filled(await make(t), 1)
      const first = store.save(logWrite({ entries: [entry(2)] }))
      await t.rejects(store.save(logWrite({ entries: [entry(2)] })), /one save at a time/)
      await first
      t.equal(store.reader.lastIndex(), 2)
      await store.close()
    })

    t.test('an empty save is allowed', async (t) => {
      const store = await filled(await make(t), 2)
      await store.save(logWrite({}))
      t.equal(store.reader.lastIndex(), 2)
      await store.close()
    })

    t.test('the first failed write is final (C2)', async (t) => {
      const harness = await make(t)
      if (harness.breakWrites === undefined) return
      const store = await filled(harness, 2)
      harness.breakWrites()
      await t.rejects(store.save(logWrite({ entries: [entry(3)] })), { code: 'STORAGE_FAILED' })
      t.equal(store.reader.lastIndex(), 2)
      await t.rejects(store.save(logWrite({})), { code: 'STORAGE_FAILED' })
      await t.rejects(store.compact(snapshotMeta(1)), { code: 'STORAGE_FAILED' })
    })
  })

  t.test(`${name}: compaction and snapshots`, async (t) => {
    t.test('compaction forgets the prefix and keeps the term of its last entry (B8)', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 6)
      await store.compact(snapshotMeta(4))
      for (const each of [store, await reopened(harness, store)]) {
        t.equal(each.reader.firstIndex(), 5)
        t.equal(each.reader.termAt(4), 1)
        t.equal(each.reader.termAt(3), undefined)
        t.same(each.reader.snapshot(), snapshotMeta(4))
        t.same(read(each), expected(entries(5, 6)))
      }
    })

    t.test('compaction of everything leaves an empty log that can go on', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 3)
      await store.compact(snapshotMeta(3))
      t.equal(store.reader.firstIndex(), 4)
      t.equal(store.reader.lastIndex(), 3)
      await store.save(logWrite({ entries: [entry(4)] }))
      const again = await reopened(harness, store)
      t.same(read(again), expected([entry(4)]))
      await again.close()
    })

    t.test('trailing entries stay behind the snapshot', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 10)
      await store.compact(snapshotMeta(8), 3)
      const again = await reopened(harness, store)
      t.equal(again.reader.firstIndex(), 6)
      t.equal(again.reader.snapshot().lastIncludedIndex, 8)
      t.same(read(again), expected(entries(6, 10)))
      await again.compact(snapshotMeta(9), 100)
      t.equal(again.reader.firstIndex(), 6)
      t.equal(again.reader.snapshot().lastIncludedIndex, 9)
      await again.close()
    })

    t.test('a long compaction in steps ends where it should', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 2_000)
      await store.compact(snapshotMeta(1_900))
      const again = await reopened(harness, store)
      t.same(read(again), expected(entries(1_901, 2_000)))
      await again.close()
    })

    t.test('a save during a compaction is kept', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 1_000)
      const compacting = store.compact(snapshotMeta(900))
      await store.save(logWrite({ entries: entries(1_001, 1_002) }))
      await compacting
      const again = await reopened(harness, store)
      t.same(read(again), expected(entries(901, 1_002)))
      await again.close()
    })

    t.test('compaction beyond the log is a bug of the caller', async (t) => {
      const store = await filled(await make(t), 3)
      await t.rejects(store.compact(snapshotMeta(4)))
    })

    t.test('compaction to an older snapshot is a bug of the caller', async (t) => {
      const store = await filled(await make(t), 6)
      await store.compact(snapshotMeta(4))
      await t.rejects(store.compact(snapshotMeta(2)))
    })

    t.test('a received snapshot replaces the whole log', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 5)
      const state = hardState(4, { commitIndex: 100 })
      await store.save(logWrite({ hardState: state, snapshot: snapshotMeta(100, 3) }))
      for (const each of [store, await reopened(harness, store)]) {
        t.equal(each.reader.firstIndex(), 101)
        t.equal(each.reader.lastIndex(), 100)
        t.equal(each.reader.termAt(100), 3)
        t.equal(each.reader.termAt(5), undefined)
        t.same(each.reader.snapshot(), snapshotMeta(100, 3))
        t.equal(each.sizeBytes(), 0)
      }
    })

    t.test('a snapshot and the entries behind it come in one save', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 12)
      const behind = entries(11, 13, { term: 3 })
      const meta = snapshotMeta(10, 2)
      await store.save(logWrite({ hardState: hardState(3), snapshot: meta, entries: behind }))
      const again = await reopened(harness, store)
      t.same(read(again), expected(behind))
      t.equal(again.reader.termAt(10), 2)
      await again.close()
    })

    t.test('the log goes on after a received snapshot', async (t) => {
      const harness = await make(t)
      const store = await filled(harness, 2)
      await store.save(logWrite({ hardState: hardState(2), snapshot: snapshotMeta(50, 2) }))
      await store.save(logWrite({ entries: entries(51, 53, { term: 2 }) }))
      const again = await reopened(harness, store)
      t.same(read(again), expected(entries(51, 53, { term: 2 })))
      await again.close()
    })
  })
}

async function reopened(harness: LogStoreHarness, store: LogStore): Promise<LogStore> {
  await store.close()
  return await harness.open()
}
