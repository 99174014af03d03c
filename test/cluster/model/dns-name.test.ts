import t from 'tap'
import { fullName, isOwnerName, isTooLong, parseName, parseTarget } from '#model/dns-name.ts'

t.test('names have labels of 63 octets and 255 in all (RFC 1035 §2.3.4)', (t) => {
  t.same(parseName('www.Example.org.'), ['www', 'Example', 'org'])
  t.same(parseName('_sip._tcp.example'), ['_sip', '_tcp', 'example'])
  t.ok(parseName('x'.repeat(63)))
  t.notOk(parseName('x'.repeat(64)))
  const longest = [...Array<string>(63).fill('abc'), 'x'].join('.')
  t.ok(parseName(longest))
  t.notOk(parseName(`${longest}x`))
  for (const bad of ['', '.', 'a..b', '-a', 'a-', 'a b', 'a*', 'ä', '.a']) {
    t.equal(parseName(bad), undefined, bad)
  }
  t.end()
})

t.test('owners are @, *, labels, or a wildcard over labels', (t) => {
  for (const good of ['@', '*', 'www', 'a.b', '*.a', '_dmarc']) t.ok(isOwnerName(good), good)
  for (const bad of ['', 'a.*', '**', '*a', 'a.', '@.a']) t.notOk(isOwnerName(bad), bad)
  t.equal(fullName('@', 'example.org'), 'example.org')
  t.equal(fullName('a.b', 'example.org'), 'a.b.example.org')
  t.notOk(isTooLong('a', 'x'.repeat(251)))
  t.ok(isTooLong('ab', 'x'.repeat(251)))
  t.end()
})

t.test('a target without a dot is in the domain', (t) => {
  t.equal(parseTarget('www', 'example.org'), 'www.example.org')
  t.equal(parseTarget('www.', 'example.org'), 'www')
  t.equal(parseTarget('a.b', 'example.org'), 'a.b')
  t.equal(parseTarget('@', 'example.org'), 'example.org')
  t.equal(parseTarget('.', 'example.org'), '')
  t.equal(parseTarget('a b', 'example.org'), undefined)
  t.end()
})
