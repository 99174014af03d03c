// Written and read by hand-made octets; `dns2` and our server are asked elsewhere.
import t from 'tap'
import { makeQuery, readAnswer, reverseName } from '#chaos/dns-message.ts'

const name = (text: string) =>
  text.split('.').flatMap((label) => [label.length, ...Buffer.from(label)])
const HEAD = [1, 2, 0x84, 3, 0, 1, 0, 1, 0, 1, 0, 0]
const QUESTION = [...name('Www.maas'), 0, 0, 1, 0, 1]
/** Owner: the question's name, by pointer. */
const A = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 0, 0, 7]
/** Names point at `maas` in the question; serial 2^32 − 1. */
const SOA = [
  ...[0xc0, 16, 0, 6, 0, 1, 0, 0, 0, 30, 0, 31, 0xc0, 16, 6, ...Buffer.from('nobody'), 0xc0, 16],
  ...[255, 255, 255, 255, ...Buffer.alloc(16)],
]
const MESSAGE = Buffer.from([...HEAD, ...QUESTION, ...A, ...SOA])

t.test('a question is written', async (t) => {
  t.same(
    [...makeQuery(0x0102, { name: 'www.maas', type: 'PTR' })],
    [1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name('www.maas'), 0, 0, 12, 0, 1],
  )
  t.equal(reverseName('10.204.0.7'), '7.0.204.10.in-addr.arpa')
})

t.test('an answer is read, with the serial of its authority', async (t) => {
  t.same(readAnswer(MESSAGE, 'A'), {
    ...{ id: 0x0102, rcode: 3, truncated: false, values: ['10.0.0.7'] },
    serials: [{ server: 'maas', serial: 4_294_967_295 }],
  })
  t.same(readAnswer(MESSAGE, 'PTR').values, [], 'records of other types are none')
})

t.test('what is cut, a query, or points at itself is refused', async (t) => {
  for (let end = 0; end < MESSAGE.length; end++) {
    t.throws(() => readAnswer(MESSAGE.subarray(0, end), 'A'), RangeError)
  }
  const query = Buffer.from(MESSAGE)
  query[2] = 4
  t.throws(() => readAnswer(query, 'A'), /a query came/)
  const loop = Buffer.from([...HEAD, 0xc0, 12, 0, 1, 0, 1, ...A])
  t.throws(() => readAnswer(loop, 'A'), /a name that never ends/)
})
