// Values of DHCP options by type: RFC 2132 §2 and §3, 3397, 3442.
import t from 'tap'
import { encodeOptionValue, parseOptionValue } from '#model/dhcp-option-value.ts'
import type { DhcpOptionType } from '#model/dhcp-option.ts'
import { namedOption, whyNotSet } from '#model/dhcp-option-names.ts'

/** Type, what is given, what is kept, the octets. */
const GOOD: readonly (readonly [DhcpOptionType, unknown, unknown, string])[] = [
  ['ipv4', '192.0.2.1', '192.0.2.1', 'c0000201'],
  ['ipv4-list', '192.0.2.1, 192.0.2.2', ['192.0.2.1', '192.0.2.2'], 'c0000201c0000202'],
  ['ipv4-pairs', ['10.0.0.0', '192.0.2.1'], ['10.0.0.0', '192.0.2.1'], '0a000000c0000201'],
  ['uint8', 255, 255, 'ff'],
  ['uint16', '9000', 9000, '2328'],
  ['uint32', 4_294_967_295, 4_294_967_295, 'ffffffff'],
  ['int32', -3_600, -3_600, 'fffff1f0'],
  ['bool', 'on', true, '01'],
  ['bool', false, false, '00'],
  ['string', 'a b', 'a b', '612062'],
  [
    'domain-list',
    'Eng.Example.com,b',
    ['eng.example.com', 'b'],
    '03656e67076578616d706c6503636f6d000162' + '00',
  ],
  ['routes', '0.0.0.0/0 192.0.2.1', ['0.0.0.0/0 192.0.2.1'], '00c0000201'],
  ['routes', ['10.17.0.9/16 192.0.2.1'], ['10.17.0.0/16 192.0.2.1'], '100a11c0000201'],
  ['routes', ['10.229.0.128/25 10.0.0.1'], ['10.229.0.128/25 10.0.0.1'], '190ae500800a000001'],
  ['hex', '01:04:C0', '0104c0', '0104c0'],
]
const BAD: readonly (readonly [DhcpOptionType, unknown])[] = [
  ...(['', '192.0.2', 7, null] as const).map((given) => ['ipv4', given] as const),
  ...(['', [], ['192.0.2.1', 4], '192.0.2.1,'] as const).map(
    (given) => ['ipv4-list', given] as const,
  ),
  ['ipv4-pairs', '192.0.2.1'],
  ...([-1, 256, 1.5, '1x', true] as const).map((given) => ['uint8', given] as const),
  ['uint16', 65_536],
  ['uint32', -1],
  ['int32', 2 ** 31],
  ['bool', 1],
  ...(['', 'ü', 'a\n', 5] as const).map((given) => ['string', given] as const),
  ...(['-a', 'a..b', ''] as const).map((given) => ['domain-list', given] as const),
  ...(['10.0.0.0/8', '10.0.0.0/33 192.0.2.1', '10.0.0.0/8 b', 'a b c'] as const).map(
    (given) => ['routes', given] as const,
  ),
  ...(['', '1', 'zz', 12] as const).map((given) => ['hex', given] as const),
  ['hex', '00'.repeat(1_021)],
]

for (const [type, given, kept, octets] of GOOD) {
  t.test(`${type}: ${JSON.stringify(given)}`, async (t) => {
    const parsed = parseOptionValue(type, given)
    t.same(parsed, { ok: true, value: kept })
    if (!parsed.ok) return
    t.equal(Buffer.from(encodeOptionValue(type, parsed.value)).toString('hex'), octets)
    t.same(parseOptionValue(type, parsed.value), parsed, 'what is kept reads as itself')
  })
}

t.test('values of another type are refused with what is expected', async (t) => {
  for (const [type, given] of BAD) {
    t.match(parseOptionValue(type, given), { ok: false, problem: /^(Enter|The value) .*\.$/ }, type)
  }
})

t.test('what the server computes cannot be set, everything with a name can', async (t) => {
  for (const code of [1, 51, 53, 54, 58, 59, 61, 66, 67, 82, 97, 255]) {
    t.type(whyNotSet(code), 'string', String(code))
    t.equal(namedOption(code), undefined, String(code))
  }
  t.equal(whyNotSet(119), null)
  t.equal(namedOption('domain-search')?.code, 119)
})
