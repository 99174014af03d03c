// What a snippet may say: dhcpd.conf(5) and dhcp-options(5), the subset that is checked.
import fc from 'fast-check'
import t from 'tap'
import { checkSnippet } from '#model/dhcp-statements.ts'

const GOOD = [
  'option domain-name-servers 192.0.2.53, ns.example.org;',
  'option domain-search "a.example", "b.example";\noption interface-mtu 9000; # jumbo',
  'option static-routes 10.0.0.0 192.0.2.1, 10.1.0.0 192.0.2.2;',
  'default-lease-time 600; max-lease-time 7200;',
  'next-server 192.0.2.9; filename "pxelinux.0";',
  'if option arch = 00:07 or option arch = 00:09 { filename "x.efi"; } else { filename "a"; }',
  'if exists user-class { filename "http://a/b"; }\nelsif known { deny booting; }',
  'class "foo" { match if substring (option vendor-class-identifier, 0, 9) = "PXEClient"; }',
  'subclass "foo" 1:aa:bb:cc:00:00:02;\nsubclass "foo" "x" { next-server 192.0.2.1; }',
  'host box { hardware ethernet aa:bb:cc:00:00:02; fixed-address 192.0.2.7; }',
  'option space PXE; option PXE.mtftp-ip code 1 = ip-address; option PXE.mtftp-ip 0.0.0.0;',
  'option custom code 224 = text; option custom "x";',
  'pool { range 192.0.2.10 192.0.2.20; allow unknown-clients; }',
  'not authoritative; ping-check true; set a = "b"; log (info, "x {}");',
  'option vendor-encapsulated-options 01:04:c0:00:02:01;',
]
const BAD: readonly (readonly [string, RegExp])[] = [
  ['', /no statement/],
  ['# only a remark', /no statement/],
  ['option interface-mtu 9000', /Line 1: .*semicolon/],
  ['filename "a";\noption interface-mtu many;', /Line 2: the value of interface-mtu/],
  ['option interface-mtu 70000;', /interface-mtu/],
  ['option domain-name-servers 192.0.2.300;', /domain-name-servers/],
  ['option domain-name unquoted;', /domain-name/],
  ['option nobody-knows 1;', /not known and not defined/],
  ['option custom code 300 = text;', /custom/],
  ['include "/etc/passwd";', /not allowed/],
  ['execute ("rm", "x");', /not allowed/],
  ['subnet 192.0.2.0 netmask 255.255.255.0 { }', /no block here/],
  ['host box { fixed-address 192.0.2.7;', /not closed/],
  ['} filename "a";', /no block to close/],
  ['filename "a;', /quoted text is not closed/],
  ['match if (substring (a;', /parenthesis/],
  ['frobnicate 1;', /frobnicate is not known/],
  ['toString 1;', /not known/],
  ['hardware ethernet zz;', /hardware/],
  ['group { '.repeat(20) + '} '.repeat(20), /too deep/],
  ['ping-check maybe;', /ping-check/],
]

t.test('what dhcpd understands is accepted', async (t) => {
  for (const text of GOOD) t.equal(checkSnippet(text.replace('option space PXE; ', '')), null, text)
})

t.test('what is wrong is named, with its line', async (t) => {
  for (const [text, expected] of BAD) t.match(checkSnippet(text) ?? 'accepted', expected, text)
})

t.test('any text is judged', async (t) => {
  const piece = fc.constantFrom(
    'option',
    'mtu',
    '{',
    '}',
    ';',
    '"',
    '(',
    ')',
    '=',
    ',',
    '#',
    '\n',
    'if',
    '1',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => all.join(' ')),
      ),
      (text) => {
        const answer = checkSnippet(text)
        return answer === null || typeof answer === 'string'
      },
    ),
    { numRuns: 2_000 },
  )
  t.pass('none threw')
})
