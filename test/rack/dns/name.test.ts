import t from 'tap'
import * as fc from 'fast-check'
import { keyOf, labelsOf } from '#rack/dns/name.ts'

t.test('the key of a name is its labels with dots, whatever octets are in them', async (t) => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 })
  const plain = fc.stringMatching(/^[A-Za-z0-9-]{1,63}$/).map((text) => Buffer.from(text))
  fc.assert(
    fc.property(fc.array(fc.oneof(label, plain), { maxLength: 4 }), (labels) => {
      const name = Uint8Array.from([...labels.flatMap((one) => [one.length, ...one]), 0])
      const wanted = labelsOf(name).join('.')
      if (keyOf(name) !== wanted) throw new Error(`${keyOf(name)} instead of ${wanted}`)
    }),
  )
  t.equal(keyOf(Uint8Array.of(3, 87, 119, 119, 1, 46, 0)), 'www.\\046')
  t.equal(keyOf(Uint8Array.of(0)), '')
})
