// What is derived from the CRCs of all rows depends on the rows alone, not on the way they came in.
import t from 'tap'
import { RowCrcs } from '#storage/row-crcs.ts'

type Step = readonly [
  table: string,
  key: string | number | readonly (string | number)[],
  crc: number,
]

function made(steps: readonly Step[]): RowCrcs {
  const crcs = new RowCrcs()
  for (const [table, key, crc] of steps) crcs.set(table, key, crc)
  return crcs
}

const valueOf = ({ size, digest, sum }: RowCrcs) => ({ size, digest, sum })

t.test('number, XOR and sum are those of the rows that are there', (t) => {
  const long = made([
    ['users', 1, 7],
    ['users', '1', 8],
    ['users', 1, 9],
    ['leases', 1, 0xffffffff],
    ['leases', ['a', 2], 5],
    ['users', 2, 6],
  ])
  t.equal(long.delete('users', 2), true)
  t.equal(long.delete('leases', ['a', 2]), true)
  t.equal(long.delete('leases', ['a', 2]), false)
  t.equal(long.delete('fabrics', 1), false)
  const short = made([
    ['leases', 1, 0xffffffff],
    ['users', '1', 8],
    ['users', 1, 9],
  ])
  t.strictSame(valueOf(long), valueOf(short))
  t.equal(short.size, 3)
  t.equal(short.digest, (0xffffffff ^ 8 ^ 9) >>> 0)
  t.end()
})

t.test('two rows that swap their values change the sum, though not the XOR', (t) => {
  const before = made([
    ['users', 1, 0x01010101],
    ['users', 2, 0x10101010],
  ])
  // A CRC is linear: both change by the same bits.
  const after = made([
    ['users', 1, 0x01010101 ^ 0x3c],
    ['users', 2, 0x10101010 ^ 0x3c],
  ])
  t.equal(before.digest, after.digest)
  t.not(before.sum, after.sum)
  t.end()
})

t.test("the node's own bookkeeping counts as a row and not in the sum", (t) => {
  const one = made([['meta', 'meta', 1]])
  const other = made([['meta', 'meta', 2]])
  t.equal(one.sum, other.sum)
  t.not(one.digest, other.digest)
  t.equal(other.size, 1)
  t.end()
})
