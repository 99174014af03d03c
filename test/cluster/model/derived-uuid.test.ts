// Derived UUIDs are UUIDs of version 8 (RFC 9562 §5.8), the same for the same text, and differ for texts that differ
// by one character as they do for any other.
import t from 'tap'
import { deriveUuid } from '#model/derived-uuid.ts'

t.test('they have the form, the version and the variant of RFC 9562', async (t) => {
  for (const text of ['', 'a', 'c1 17 0', 'ü'.repeat(1_000)]) {
    const form = /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
    t.match(deriveUuid(text), form, text.slice(0, 8))
  }
  t.equal(deriveUuid('c1 17 0'), deriveUuid('c1 17 0'))
})

t.test('a hundred thousand texts that are alike give as many, in every half of them', async (t) => {
  const uuids = Array.from({ length: 100_000 }, (_, n) => deriveUuid(`cluster ${n >> 4} ${n & 15}`))
  t.equal(new Set(uuids).size, uuids.length)
  // Of 48 bits each; by chance two of 10^5 are alike in one of 56,000 such sets.
  t.equal(new Set(uuids.map((uuid) => uuid.slice(24))).size, uuids.length)
  t.equal(new Set(uuids.map((uuid) => uuid.slice(0, 13))).size, uuids.length)
})

t.test('every bit is set in about half of them', async (t) => {
  const counts = Array.from({ length: 128 }, () => 0)
  const runs = 4_000
  for (let n = 0; n < runs; n++) {
    const bits = BigInt(`0x${deriveUuid(`x${n}`).replaceAll('-', '')}`)
    for (let bit = 0; bit < 128; bit++) {
      counts[bit] = (counts[bit] ?? 0) + Number((bits >> BigInt(bit)) & 1n)
    }
  }
  const odd = counts.filter((count) => Math.abs(count - runs / 2) > runs * 0.05).length
  // Version 4 bits and variant 2 are what they must be.
  t.equal(odd, 6)
})
