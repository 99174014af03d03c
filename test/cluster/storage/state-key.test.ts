// Order and identity of the keys of the state database.
import fc from 'fast-check'
import t from 'tap'
import { decodeStateKey, encodeStateKey } from '#storage/state-key.ts'

const numbers = fc.double({ noNaN: true }).map((value) => (value === 0 ? 0 : value))
const strings = fc.string({ unit: 'binary' })

t.test('every key comes back as it was', async (t) => {
  const parts = fc.oneof(numbers, strings)
  const keys = fc.oneof(parts, fc.array(parts, { minLength: 2, maxLength: 4 }))
  fc.assert(
    fc.property(keys, (key) => {
      const decoded = decodeStateKey(encodeStateKey('machines', key))
      t.same(decoded, { table: 'machines', key }, { diagnostic: false })
    }),
    { numRuns: 200 },
  )
})

t.test('numbers are ordered by value, across the sign', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const order = Buffer.compare(encodeStateKey('t', a), encodeStateKey('t', b))
        return order === Math.sign(a < b ? -1 : a > b ? 1 : 0)
      }),
    ),
  )
})

t.test('strings are ordered by code point, also around zero bytes and prefixes', async (t) => {
  const sorted = ['', '\0', '\0\0', '\0a', 'a', 'a\0', 'a\0b', 'aa', 'b', 'é', '€', '𝄞']
  const encoded = sorted.map((key) => encodeStateKey('t', key))
  t.same(
    encoded.toSorted((a, b) => Buffer.compare(a, b)),
    encoded,
  )
})

t.test('composite keys are ordered part by part', async (t) => {
  const sorted = [
    [1, 'b'],
    [2, 'a'],
    [2, 'a', 1],
    [10, ''],
  ]
  const encoded = sorted.map((key) => encodeStateKey('t', key))
  t.same(
    encoded.toSorted((a, b) => Buffer.compare(a, b)),
    encoded,
  )
})

t.test('one key is not another table’s, and malformed bytes are no key', async (t) => {
  t.not(Buffer.compare(encodeStateKey('a', 'b'), encodeStateKey('ab', '')), 0)
  t.not(Buffer.compare(encodeStateKey('a', 1), encodeStateKey('a', '1')), 0)
  for (const bytes of [
    [],
    [1],
    [1, 65],
    [1, 65, 0],
    [1, 65, 0, 3],
    [1, 65, 0, 2, 66],
    [2, 65, 0],
  ]) {
    t.equal(decodeStateKey(Buffer.from(bytes)), undefined)
  }
  t.throws(() => encodeStateKey('t', Number.NaN))
  t.throws(() => encodeStateKey('t', '\ud800'))
})
