// What is written late must be the newest version of each row, once.
import t from 'tap'
import { PendingRows } from '#node/pending-rows.ts'
import type { Change } from '#state/outcome.ts'

const put = (table: string, key: string | number, value: string): Change =>
  ({ table, key, row: { value } }) as unknown as Change
const gone = (table: string, key: string | number): Change =>
  ({ table, key, row: null }) as unknown as Change

t.test('of a row that changes often only the newest version is kept', async (t) => {
  const pending = new PendingRows()
  pending.add(put('events', 1, 'a'))
  pending.add(put('events', 2, 'b'))
  pending.add(put('events', 1, 'c'))
  t.equal(pending.size, 2)
  t.same([...pending.puts()], [put('events', 1, 'c'), put('events', 2, 'b')])
  t.same([...pending.deletes()], [])
})

t.test('a row that went is a delete, one that came back a put', async (t) => {
  const pending = new PendingRows()
  pending.add(put('events', 1, 'a'))
  pending.add(gone('events', 1))
  pending.add(gone('settings', 'x'))
  pending.add(put('settings', 'x', 'b'))
  t.equal(pending.size, 2)
  t.same([...pending.deletes()], [gone('events', 1)])
  t.same([...pending.puts()], [put('settings', 'x', 'b')])
})

t.test('equal keys of two tables, and a number and its digits, are different rows', async (t) => {
  const pending = new PendingRows()
  for (const change of [put('a', 1, 'x'), put('b', 1, 'y'), put('a', '1', 'z')]) pending.add(change)
  t.equal(pending.size, 3)
})
