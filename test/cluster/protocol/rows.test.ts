import t from 'tap'
import { encode } from '#protocol/codec.ts'
import { decodeRow, decodeRows, encodeRow, encodeRows } from '#protocol/rows.ts'

t.test('a row and a chunk of rows come back as they were', (t) => {
  const row = { id: 7, name: 'x', nested: { list: [1, 2.5, null] }, bytes: new Uint8Array([1, 2]) }
  t.same(decodeRow(encodeRow(row)), row)
  t.same(decodeRows(encodeRows([row, { id: 8 }])), [row, { id: 8 }])
  t.end()
})

t.test('bytes that are no rows are refused, not misread', (t) => {
  t.throws(() => decodeRows(encode({ id: 1 })), { code: 'PROTOCOL' })
  t.throws(() => decodeRow(new Uint8Array([0xc1])), { code: 'PROTOCOL' })
  t.throws(() => decodeRow(encodeRow({ id: 1 }).subarray(0, 3)), { code: 'PROTOCOL' })
  t.end()
})
