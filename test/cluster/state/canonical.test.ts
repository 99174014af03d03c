// One order of fields for equal data, whatever order it was made in: replicas encode and hash rows by it.
import t from 'tap'
import { canonical } from '#state/snapshot.ts'

const textOf = (value: unknown): string => JSON.stringify(canonical(value))

t.test('fields come in UTF-16 order at every depth', (t) => {
  t.equal(textOf({ b: 1, a: 2 }), '{"a":2,"b":1}')
  t.equal(textOf({ a: 1, b: 2 }), '{"a":1,"b":2}')
  t.equal(
    textOf({ a: { d: 1, c: [{ f: 1, e: null }] }, b: 0 }),
    '{"a":{"c":[{"e":null,"f":1}],"d":1},"b":0}',
  )
  t.equal(textOf({ a: 1, Z: 2 }), '{"Z":2,"a":1}')
  t.equal(textOf([{ b: 1, a: 2 }]), '[{"a":2,"b":1}]')
  t.equal(textOf(null), 'null')
  t.end()
})

t.test(
  'a flat row in that order is itself the answer; what it was made from is never changed',
  (t) => {
    const row = { a: 1, b: 'x', c: null }
    t.equal(canonical(row), row)
    const other = { b: 1, a: 2 }
    canonical(other)
    t.strictSame(Object.keys(other), ['b', 'a'])
    t.end()
  },
)
