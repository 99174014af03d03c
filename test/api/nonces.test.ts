// The memory of nonces: long enough, and bounded.
import t from 'tap'
import { Nonces } from '#api/nonces.ts'

t.test('a nonce is remembered for its time and forgotten later', async (t) => {
  const nonces = new Nonces(100)
  nonces.add('a', 1_000)
  nonces.add('b', 1_099)
  nonces.add('c', 1_150)
  t.ok(nonces.has('a'))
  nonces.add('d', 1_260)
  t.notOk(nonces.has('a'))
  t.ok(nonces.has('c'), 'younger than its time')
})

t.test('a flood forgets the oldest instead of growing', async (t) => {
  const nonces = new Nonces(1e9)
  for (let i = 0; i < 300_001; i++) nonces.add(`n${i}`, 1)
  t.notOk(nonces.has('n0'))
  t.ok(nonces.has('n300000'))
  t.ok(nonces.has('n200001'))
})
