// msgpack as we use it: plain, deterministic, owning its bytes, deaf to extension types (F3, F4).
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import t from 'tap'
import { decode, decodeMany, encode, encodeBriefly } from '#protocol/codec.ts'

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeNat(),
    fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).value

t.test('what was encoded decodes to the same, and encodes to the same bytes again', async (t) => {
  fc.assert(
    fc.property(plain, (value) => {
      const bytes = encode(value)
      const back = decode(bytes)
      if (Buffer.compare(encode(back), bytes) !== 0) throw new Error('bytes differ')
    }),
    { numRuns: 500 },
  )
  const value = { b: [1, -2, 2 ** 40, 0.5, 'ü', null, true], a: { c: new Uint8Array([1, 2]) } }
  t.strictSame(decode(encode(value)), value)
})

t.test('equal values give equal bytes whatever was encoded before', async (t) => {
  const value = {
    type: 'x',
    list: [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ],
  }
  const first = encode(value)
  for (let i = 0; i < 100; i++) encode({ [`key${i}`]: i, a: i })
  t.strictSame(encode(value), first)
})

t.test('values one after the other are read in order', async (t) => {
  const bytes = Buffer.concat([encodeBriefly({ a: 1 }), encodeBriefly([2]), encodeBriefly('x')])
  t.strictSame(decodeMany(bytes), [{ a: 1 }, [2], 'x'])
  t.strictSame(decodeMany(new Uint8Array(0)), [])
  t.throws(() => decode(bytes), { code: 'PROTOCOL', message: /3 values/ })
  t.throws(() => decode(new Uint8Array(0)), { code: 'PROTOCOL' })
})

t.test('decoded bytes own their memory and do not pin or follow their source (F3)', async (t) => {
  const source = Buffer.concat([Buffer.alloc(60_000), encode({ data: new Uint8Array(50).fill(7) })])
  const { data } = decode(source.subarray(60_000)) as { data: Uint8Array }
  source.fill(0)
  t.strictSame(data, new Uint8Array(50).fill(7))
  t.ok(data.buffer.byteLength < 8_192)
})

t.test('encoded bytes do not share the pool of the encoder', async (t) => {
  const first = encode({ a: 1 })
  t.equal(first.buffer.byteLength, first.byteLength)
})

t.test('a key that would be a prototype is none', async (t) => {
  const bytes = encode(JSON.parse('{"__proto__":{"isAdmin":true}}'))
  const value = decode(bytes) as { isAdmin?: unknown }
  t.equal(value.isAdmin, undefined)
  t.equal(Object.getPrototypeOf(value), Object.prototype)
})

const rich = new Packr({ moreTypes: true, structuredClone: true, useRecords: false })
const records = new Packr({ useRecords: true })
const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic
const refused: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  { name: 'a regular expression', bytes: rich.pack(/(a+)+$/) },
  { name: 'a date', bytes: rich.pack(new Date(0)) },
  { name: 'a set', bytes: rich.pack(new Set([1])) },
  { name: 'an error', bytes: rich.pack(new TypeError('x')) },
  { name: 'a typed array', bytes: rich.pack(new Float64Array(3)) },
  { name: 'a cycle', bytes: rich.pack(cyclic) },
  { name: 'a record definition', bytes: records.pack([{ abc: 1 }, { abc: 2 }]) },
  { name: 'the byte that is never used', bytes: new Uint8Array([0xc1]) },
  { name: 'a value nested too deep', bytes: new Uint8Array(100).fill(0x91) },
  { name: 'a million nested arrays', bytes: new Uint8Array(1 << 20).fill(0x91) },
  {
    name: 'an array that announces four billion',
    bytes: new Uint8Array([0xdd, 255, 255, 255, 255]),
  },
  { name: 'a map that announces four billion', bytes: new Uint8Array([0xdf, 255, 255, 255, 255]) },
  { name: 'a text longer than the bytes', bytes: new Uint8Array([0xdb, 0, 0, 1, 0, 65]) },
]
for (const c of refused) {
  t.test(`${c.name} is refused as PROTOCOL`, async (t) => {
    t.throws(() => decode(c.bytes), { code: 'PROTOCOL' })
  })
}

t.test('random and damaged bytes decode or are refused as PROTOCOL, nothing else', async (t) => {
  const check = (bytes: Uint8Array): void => {
    try {
      decodeMany(bytes)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'PROTOCOL') throw error
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 3_000 })
  const cut = fc.tuple(plain, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = encode(value)
    bytes[at % bytes.length] = byte
    return bytes
  })
  fc.assert(fc.property(cut, check), { numRuns: 1_000 })
  t.pass()
})

t.test('every cut of a value is refused', async (t) => {
  const bytes = encode({ a: [1, 'text', new Uint8Array(300)], b: 2 ** 40, c: 0.5 })
  for (let end = 0; end < bytes.length; end++) {
    t.throws(() => decode(bytes.subarray(0, end)), { code: 'PROTOCOL' })
  }
})
