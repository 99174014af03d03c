// Frames out of chunks, however the socket cut them.
import fc from 'fast-check'
import t from 'tap'
import { Framer, frame } from '#protocol/framer.ts'

const framer = (options = {}) =>
  new Framer({ frameBytesMax: 1 << 20, allowEmpty: true, ...options })
const feed = (into: Framer, chunk: Uint8Array): Uint8Array[] => {
  const bodies: Uint8Array[] = []
  into.push(chunk)
  for (let body = into.next(); body !== null; body = into.next()) bodies.push(new Uint8Array(body))
  return bodies
}

t.test('any cutting of the stream gives the frames that were written', async (t) => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 9_000, size: 'max' }), { maxLength: 8 })
  const cuts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(bodies, cuts, (written, sizes) => {
      const stream = Buffer.concat(written.map((body) => frame([body])))
      const into = framer()
      const read: Uint8Array[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = at + (sizes[turn % sizes.length] ?? 1)
        read.push(...feed(into, stream.subarray(at, end)))
        at = end
      }
      t.equal(read.length, written.length)
      for (const [at, body] of written.entries()) {
        if (Buffer.compare(read[at] ?? new Uint8Array(0), body) !== 0)
          throw new Error(`frame ${at}`)
      }
      return read.length === written.length && into.heldBytes === 0
    }),
    { numRuns: 60 },
  )
})

t.test('parts written as one frame are one body', async (t) => {
  const parts = [new Uint8Array([1, 2]), new Uint8Array([]), new Uint8Array([3])]
  t.strictSame(feed(framer(), frame(parts)), [new Uint8Array([1, 2, 3])])
})

t.test('a length above the limit is refused before its bytes arrive', async (t) => {
  const into = framer({ frameBytesMax: 10 })
  into.push(new Uint8Array([0, 0, 0, 11]))
  t.throws(() => into.next(), { code: 'PROTOCOL', message: /10 bytes/ })
})

t.test('a length at the limit is taken', async (t) => {
  t.equal(feed(framer({ frameBytesMax: 10 }), frame([new Uint8Array(10)])).length, 1)
})

t.test('an empty frame is an error where it means nothing', async (t) => {
  const into = framer({ allowEmpty: false })
  into.push(frame([]))
  t.throws(() => into.next(), { code: 'PROTOCOL' })
})

t.test('a giant announced length costs only what has arrived', async (t) => {
  const into = framer({ frameBytesMax: 1 << 30 })
  t.strictSame(feed(into, new Uint8Array([0x30, 0, 0, 0, 1, 2, 3])), [])
  t.equal(into.heldBytes, 7)
})
