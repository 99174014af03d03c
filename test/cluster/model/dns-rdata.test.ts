import t from 'tap'
import { parseRdata } from '#model/dns-rdata.ts'

const read = (rrtype: string, rrdata: string) =>
  parseRdata({ rrtype, rrdata, domain: 'example.org' })
const bytes = (...octets: number[]) => Uint8Array.from(octets)

t.test('texts are cut at 255 octets and may be quoted', (t) => {
  t.same(read('TXT', 'ab c'), { type: 'TXT', strings: [bytes(97, 98, 32, 99)] })
  t.same(read('TXT', String.raw`"a\"b" "\255\\" ""`), {
    type: 'TXT',
    strings: [bytes(97, 34, 98), bytes(255, 92), bytes()],
  })
  const long = read('TXT', 'x'.repeat(600))
  const lengths = typeof long !== 'string' && long.type === 'TXT' ? long.strings : []
  t.same(
    lengths.map((each) => each.length),
    [255, 255, 90],
  )
  t.match(read('TXT', '"a'), /Should be/)
  t.end()
})

t.test('structured types', (t) => {
  t.same(read('MX', '10  mx1'), { type: 'MX', preference: 10, target: 'mx1.example.org' })
  t.same(read('MX', '0 .'), { type: 'MX', preference: 0, target: '' })
  t.same(read('SRV', '1 2 3 a.example.'), {
    ...{ type: 'SRV', priority: 1, weight: 2, port: 3, target: 'a.example' },
  })
  t.same(read('SSHFP', '1 2 AB cd'), {
    ...{ type: 'SSHFP', algorithm: 1, kind: 2, fingerprint: bytes(0xab, 0xcd) },
  })
  t.same(read('CAA', '128 issue "a"'), {
    ...{ type: 'CAA', flags: 128, tag: 'issue', value: bytes(97) },
  })
  t.match(read('X', 'y'), 'X is not a supported record type.')
  t.end()
})
