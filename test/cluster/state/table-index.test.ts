// An index has the keys of the rows with a value, ascending, however many there are and however they came and went.
import fc from 'fast-check'
import t from 'tap'
import { compareKeys } from '#state/sorted-keys.ts'
import { Journal, Table } from '#state/table.ts'
import { TableIndex } from '#state/table-index.ts'

type Row = { readonly group: string | null }

function indexed() {
  const table = new Table<Row, number>('zones', new Journal())
  const index = new TableIndex<Row, number, string>(table, ({ group }) => group)
  return { table, index }
}

t.test('it says what a look at all rows would', async (t) => {
  const change = fc.record({
    key: fc.nat(120),
    group: fc.option(fc.constantFrom('a', 'b')),
    isGone: fc.boolean(),
  })
  const property = fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (changes) => {
    const { table, index } = indexed()
    for (const { key, group, isGone } of changes) {
      if (isGone) table.delete(key)
      else table.put(key, { group })
      for (const value of ['a', 'b']) {
        const wanted = [...table.entries()].filter(([, row]) => row.group === value)
        const keys = wanted.map(([at]) => at).toSorted(compareKeys)
        const found = index.keys(value)
        const isSame = keys.length === found.length && keys.every((each, at) => each === found[at])
        if (!isSame) throw new Error(`${value}: ${found.join()} instead of ${keys.join()}`)
        const [first] = wanted
        const isRight =
          index.has(value) === keys.length > 0 &&
          index.count(value) === keys.length &&
          index.first(value) === first?.[1]
        if (!isRight) throw new Error(`${value}: wrong about ${keys.join()}`)
      }
    }
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }))
})

t.test('who got keys may delete their rows one by one', async (t) => {
  for (const count of [2, 5, 32, 33, 100]) {
    const { table, index } = indexed()
    for (let key = 0; key < count; key++) table.put(key, { group: 'a' })
    const seen: number[] = []
    for (const key of index.keys('a')) {
      seen.push(key)
      table.delete(key)
    }
    t.equal(seen.length, count)
    t.notOk(index.has('a'))
  }
})
