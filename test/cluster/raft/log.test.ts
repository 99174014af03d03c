import t from 'tap'
import { RaftLog } from '#raft/log.ts'
import { configurationOf, RaftDisk } from '#test/support/raft-disk.ts'
import { entry, fill, logOf } from '#test/support/raft-messages.ts'

function diskWith(terms: readonly number[]): RaftDisk {
  return fill(new RaftDisk(configurationOf(['a'])), terms, 9)
}

function termsOf(log: RaftLog): (number | undefined)[] {
  const { firstIndex, lastIndex } = log
  return Array.from({ length: lastIndex - firstIndex + 1 }, (_, i) => log.termAt(firstIndex + i))
}

t.test('append replaces everything from its first entry on, wherever that is', (t) => {
  const cases = [
    { entries: [entry(6, 4)], terms: [1, 1, 2, 3, 3, 4], durable: 3 },
    { entries: [entry(5, 4)], terms: [1, 1, 2, 3, 4], durable: 3 },
    { entries: [entry(4, 4)], terms: [1, 1, 2, 4], durable: 3 },
    { entries: [entry(2, 4), entry(3, 4)], terms: [1, 4, 4], durable: 1 },
  ]
  for (const { entries, terms, durable } of cases) {
    const log = new RaftLog(diskWith([1, 1, 2]).reader)
    log.append([entry(4, 3), entry(5, 3)])
    log.append(entries)
    t.strictSame(termsOf(log), terms)
    t.equal(log.durableIndex, durable)
  }
  t.end()
})

t.test('append leaves no hole', (t) => {
  const log = new RaftLog(diskWith([1]).reader)
  t.throws(() => log.append([entry(3, 1)]), /no hole/)
  t.end()
})

t.test('a slice joins the durable part and the tail, within its bytes', (t) => {
  const log = new RaftLog(diskWith([1, 1, 1]).reader)
  log.append([entry(4, 2), entry(5, 2)])
  const indexes = (from: number, to: number, bytes: number): number[] =>
    log.slice(from, to, bytes).map(({ index }) => index)
  t.strictSame(indexes(2, 6, 10_000), [2, 3, 4, 5])
  t.strictSame(indexes(2, 4, 10_000), [2, 3])
  t.strictSame(indexes(4, 6, 64), [4], 'an entry weighs its data and 64 bytes')
  t.strictSame(indexes(4, 6, 1), [4], 'one at least')
  t.strictSame(indexes(2, 6, 3 * 64), [2, 3, 4])
  t.strictSame(indexes(6, 6, 10_000), [])
  t.end()
})

t.test('the first new entry is the first that differs or is beyond the end', (t) => {
  const log = new RaftLog(diskWith([1, 1, 2]).reader)
  const cases = [
    { entries: [], first: 0 },
    { entries: logOf([1, 1, 2]), first: 0 },
    { entries: logOf([1, 1, 2, 2]), first: 4 },
    { entries: logOf([1, 2]), first: 2 },
  ]
  for (const { entries, first } of cases) t.equal(log.firstNew(entries), first)
  t.end()
})

t.test('findByTerm finds the last index of at most a term', (t) => {
  const disk = diskWith([1, 1, 3, 3, 3, 6])
  const cases = [
    { index: 6, term: 9, found: 6 },
    { index: 6, term: 5, found: 5 },
    { index: 4, term: 5, found: 4 },
    { index: 6, term: 2, found: 2 },
    { index: 99, term: 3, found: 5 },
    { index: 3, term: 0, found: 0 },
    { index: 0, term: 9, found: 0 },
  ]
  for (const { index, term, found } of cases) {
    t.equal(new RaftLog(disk.reader).findByTerm(index, term), found, `${index} ${term}`)
  }
  t.end()
})

t.test('findByTerm goes no further back than the compacted boundary', (t) => {
  const disk = diskWith([1, 1, 3, 3])
  disk.compact({ ...disk.snapshot, lastIncludedIndex: 2, lastIncludedTerm: 1 })
  const log = new RaftLog(disk.reader)
  t.equal(log.findByTerm(4, 1), 2)
  t.equal(log.findByTerm(1, 1), 1, 'an index before it is given back')
  t.equal(log.termAt(1), undefined)
  t.equal(log.termAt(2), 1)
  t.end()
})

t.test('durableTo releases the tail only for the entry that is still there', (t) => {
  const disk = diskWith([1])
  const log = new RaftLog(disk.reader)
  log.append([entry(2, 2), entry(3, 2)])
  disk.write({ hardState: null, entries: [entry(2, 2), entry(3, 2)], snapshot: null })
  log.append([entry(3, 4)])
  log.durableTo(3, 2)
  t.equal(log.durableIndex, 1, 'entry 3 was replaced')
  log.durableTo(2, 2)
  t.equal(log.durableIndex, 2)
  t.strictSame(
    log.unstableEntries().map(({ term }) => term),
    [4],
  )
  t.end()
})

t.test('a pending snapshot replaces all, and nothing is durable until it is', (t) => {
  const disk = diskWith([1, 1])
  const log = new RaftLog(disk.reader)
  log.append([entry(3, 1)])
  const snapshot = { ...disk.snapshot, lastIncludedIndex: 9, lastIncludedTerm: 4 }
  log.restore(snapshot)
  t.match(log, { firstIndex: 10, lastIndex: 9, lastTerm: 4, durableIndex: 0, hasUnstable: true })
  t.equal(log.termAt(2), undefined)
  t.throws(() => log.restore(snapshot), /one at a time/)
  t.throws(() => log.append([entry(10, 4)]), /pending snapshot/)
  disk.write({ hardState: null, entries: [], snapshot })
  log.snapshotDurable(snapshot)
  t.match(log, { durableIndex: 9, hasUnstable: false, pendingSnapshot: null })
  t.end()
})
