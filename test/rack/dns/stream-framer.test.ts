import t from 'tap'
import * as fc from 'fast-check'
import { StreamFramer } from '#rack/dns/stream-framer.ts'

const framed = (messages: readonly Uint8Array[]) =>
  Buffer.concat(messages.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 255]), one]))

t.test('however a stream is cut, the same messages come out', async (t) => {
  const message = fc.uint8Array({ maxLength: 600 })
  const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), cuts, (messages, lengths) => {
      const framer = new StreamFramer()
      let rest = framed(messages)
      const out: Uint8Array[] = []
      for (const length of [...lengths, rest.length]) {
        out.push(...framer.push(rest.subarray(0, length)))
        rest = rest.subarray(length)
      }
      const same =
        out.length === messages.length && Buffer.compare(framed(out), framed(messages)) === 0
      if (!same || framer.isWaiting) throw new Error('another stream')
    }),
  )
  t.pass('all of them')
})

t.test('what announces more than is allowed is the end; what came before it is read', async (t) => {
  const framer = new StreamFramer(4)
  const stream = framed([Uint8Array.of(1, 2, 3, 4), new Uint8Array(5), Uint8Array.of(9)])
  t.equal(framer.push(stream.subarray(0, 7)).length, 1)
  t.notOk(framer.isOver)
  t.same(framer.push(stream.subarray(7)), [])
  t.ok(framer.isOver)
  t.notOk(framer.isWaiting, 'nothing is kept of it')
  t.same(framer.push(framed([Uint8Array.of(1)])), [])
})
