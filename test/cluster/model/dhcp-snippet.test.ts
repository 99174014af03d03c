// What snippets mean, and what of them is not served.
import fc from 'fast-check'
import t from 'tap'
import { readSnippet, type SnippetStatements } from '#model/dhcp-snippet.ts'

const hex = ({ options }: SnippetStatements) =>
  Object.fromEntries(
    [...options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]),
  )

const OPTIONS: readonly (readonly [string, Readonly<Record<number, string>>])[] = [
  ['option domain-name-servers 192.0.2.53, 192.0.2.54;', { 6: 'c0000235c0000236' }],
  ['option domain-search "a.example", "b";', { 119: '0161076578616d706c6500' + '016200' }],
  ['option interface-mtu 1400; option interface-mtu 9000;', { 26: '2328' }],
  ['option vendor-encapsulated-options 1:4:c0:00:02:01;', { 43: '0104c0000201' }],
  ['option x code 224 = text; option x "a\\"b";', { 224: '612262' }],
  [
    'option r code 121 = array of unsigned integer 8;\noption r 8, 10, 192,0,2,1;',
    { 121: '080ac0000201' },
  ],
  ['option f code 250 = boolean; option f on;', { 250: '01' }],
]

for (const [text, expected] of OPTIONS) {
  t.test(text, async (t) => {
    const { statements, notServed } = readSnippet(text)
    t.same(hex(statements), expected)
    t.same(notServed, [])
  })
}

t.test('lease times and how to boot are read', async (t) => {
  const text = `default-lease-time 900; max-lease-time 1200;
    next-server 192.0.2.9; filename "a/b.efi"; server-name "boot";`
  t.match(readSnippet(text).statements, {
    ...{ defaultLease: 900, maxLease: 1_200, nextServer: 0xc0000209 },
    ...{ filename: 'a/b.efi', serverName: 'boot' },
  })
})

t.test('hosts have their own statements, and those of their group', async (t) => {
  const text = `filename "all";
    group { next-server 192.0.2.9; option interface-mtu 1400;
      host a { hardware ethernet 52:54:00:00:00:01; option interface-mtu 9000; } }
    host b { hardware ethernet 52:54:00:00:00:02; filename "b"; }`
  const { statements, hosts, notServed } = readSnippet(text)
  t.same(notServed, [])
  t.equal(statements.filename, 'all')
  t.equal(statements.nextServer, undefined, 'the group is for its hosts alone')
  t.equal(hosts.length, 2)
  t.match(hosts[0], { mac: '52:54:00:00:00:01', statements: { nextServer: 0xc0000209 } })
  t.same(hosts[0] && hex(hosts[0].statements), { 26: '2328' })
  t.match(hosts[1], { mac: '52:54:00:00:00:02', statements: { filename: 'b' } })
})

const NOT_SERVED: readonly (readonly [string, RegExp])[] = [
  ['if known { filename "a"; }', /^Line 1: if /],
  ['\nauthoritative;', /^Line 2: authoritative /],
  ['option dhcp-lease-time 5;', /option dhcp-lease-time/],
  ['option subnet-mask 255.0.0.0;', /option subnet-mask/],
  ['option x code 51 = integer 32; option x 5;', /option x \(it is told with each lease/],
  ['option domain-name-servers ns.example.org;', /domain-name-servers \(its value/],
  ['option routers = concat (a, b);', /expressions/],
  ['next-server boot.example.org;', /not resolved/],
  ['host a { hardware ethernet 52:54:00:00:00:01; fixed-address 192.0.2.7; }', /fixed-address/],
  ['host a { filename "x"; }', /without hardware/],
  ['class "x" { match if a = b; }', /^Line 1: class /],
]

t.test('what is not served is named with its line', async (t) => {
  for (const [text, expected] of NOT_SERVED) {
    const { notServed } = readSnippet(text)
    t.equal(notServed.length, 1, text)
    t.match(notServed[0], expected, text)
  }
})

t.test('any text is read', async (t) => {
  const words = ['option', 'routers', '192.0.2.1', '{', '}', ';', ',', 'host', 'group', '"a"', '=']
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...words, 'code', '224', 'text')).map((all) => all.join(' ')),
  )
  fc.assert(
    fc.property(text, (value) => Array.isArray(readSnippet(value).notServed)),
    { numRuns: 2_000 },
  )
  t.pass('none threw')
})
