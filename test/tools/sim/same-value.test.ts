import t from 'tap'
import { isSameValue } from '#tools/sim/same-value.ts'

t.test('order of fields, kind of bytes and fields without a value make no difference', (t) => {
  const a = { x: 1, data: Buffer.from([1, 2]), list: [{ y: null }], none: undefined }
  t.ok(isSameValue(a, { list: [{ y: null }], data: new Uint8Array([1, 2]), x: 1 }))
  t.end()
})

t.test('every value and every field counts', (t) => {
  const a = { x: 1, data: new Uint8Array([1, 2]), list: [1, 2], word: null }
  const others = [
    { ...a, x: 2 },
    { ...a, data: new Uint8Array([1, 3]) },
    { ...a, list: [1] },
    { ...a, list: { 0: 1, 1: 2 } },
    { ...a, word: '' },
    { ...a, more: 0 },
    { x: 1 },
    null,
  ]
  for (const other of others) t.notOk(isSameValue(a, other), JSON.stringify(other))
  t.end()
})
