// Compression, read back by `dns2`: whatever names are written in whatever order, they come out as they went in.
import t from 'tap'
import * as fc from 'fast-check'
import { MessageWriter } from '#rack/dns/writer.ts'
import { readMessage, wireName } from '#test/support/dns-message.ts'

const label = fc.constantFrom('a', 'A', 'b', 'aa', 'maas', 'x'.repeat(63))
const name = fc.array(label, { maxLength: 3 }).map((labels) => labels.join('.'))

function write(names: readonly string[], octetsMax?: number): MessageWriter {
  const writer = new MessageWriter(octetsMax)
  const asked = Uint8Array.from(wireName(names[0] ?? ''))
  writer.question({ name: asked, type: 12, class: 1 })
  for (const [at, target] of names.entries()) {
    const owner = at % 2 === 0 ? asked : target
    writer.record({ owner, ttl: 1, data: { type: 'PTR', target } })
  }
  writer.header(1, 0x8000, [1, names.length, 0, 0])
  return writer
}

t.test('names come out as they went in', async (t) => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 40 }), (names) => {
      const answers = readMessage(write(names).finish()).answers
      const read = answers.map((record) => [record.name, record['domain']])
      const wanted = names.map((target, at) => [at % 2 === 0 ? names[0] : target, target])
      if (JSON.stringify(read) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(read))
    }),
    { numRuns: 300 },
  )
  t.pass('all of them')
})

t.test('what repeats is a pointer, what differs in case is not', async (t) => {
  const one = write(['www.maas']).finish().length
  t.equal(write(['www.maas', 'www.maas']).finish().length - one, 2 + 10 + 2)
  t.equal(write(['www.maas', 'WWW.maas']).finish().length - one, 6 + 10 + 2)
})

t.test('a thousand names stay readable, and what does not fit is told', async (t) => {
  const names = Array.from({ length: 1_000 }, (_, i) => `host${i}.maas`)
  t.equal(readMessage(write(names).finish()).answers.length, 1_000)
  t.ok(write(names, 1_232).isFull)
  t.notOk(write(names.slice(0, 20), 1_232).isFull)
})
