// Which controller power parameters name: written in many ways, told apart where they are two.
import t from 'tap'
import { bmcOf, isSameBmc } from '#model/bmc.ts'

const of = (power_address: string, more: Record<string, string> = {}, type = 'ipmi') =>
  bmcOf(type, { power_address, power_pass: 'secret', ...more })

const places = [
  ['192.0.2.7', '192.0.2.7', null],
  [' 192.0.2.7:623 ', '192.0.2.7', 623],
  ['https://192.0.2.7/redfish/v1', '192.0.2.7', null],
  ['HTTPS://BMC1.example.org.:8443/', 'bmc1.example.org', 8443],
  ['2001:DB8:0::1', '2001:db8::1', null],
  ['[2001:db8::1]:623', '2001:db8::1', 623],
  ['::ffff:192.0.2.7', '192.0.2.7', null],
  ['[::ffff:192.0.2.7]:623', '192.0.2.7', 623],
  ['qemu+ssh://admin@192.0.2.7/system', '192.0.2.7', null],
  ['a:b:c', 'a:b:c', null],
] as const
for (const [text, host, port] of places) {
  t.test(`${text} is ${host}`, async (t) => t.match(of(text), { host, port, unit: '' }))
}

t.test('by hand, and by parameters that name nothing, it is none', async (t) => {
  t.equal(bmcOf('manual', { power_address: '192.0.2.7' }), null)
  t.equal(bmcOf('', { power_address: '192.0.2.7' }), null)
  t.equal(bmcOf('ipmi', {}), null)
  t.match(bmcOf('webhook', { power_off_uri: 'http://a/off' }), { host: 'http://a/off' })
})

const pairs = [
  {
    name: 'another type at one address',
    a: of('192.0.2.7'),
    b: of('192.0.2.7', {}, 'redfish'),
    same: true,
  },
  { name: 'another host', a: of('192.0.2.7'), b: of('192.0.2.8'), same: false },
  { name: 'two ports', a: of('192.0.2.7:1'), b: of('192.0.2.7:2'), same: false },
  { name: 'a port and none', a: of('192.0.2.7:1'), b: of('192.0.2.7'), same: true },
  {
    name: 'two domains of a host',
    a: of('h', { power_id: 'a' }),
    b: of('h', { power_id: 'b' }),
    same: false,
  },
  { name: 'one that is not named', a: of('h', { power_id: 'a' }), b: of('h'), same: true },
]
for (const { name, a, b, same } of pairs) {
  t.test(`${name}: ${same ? 'the same' : 'another'}`, async (t) => {
    if (a === null || b === null) throw new Error('no BMC')
    t.equal(isSameBmc(a, b), same)
    t.equal(isSameBmc(b, a), same)
  })
}
