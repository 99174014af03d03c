// Whom a machine asks when the rack it booted from is gone.
import fc from 'fast-check'
import t from 'tap'
import { BOOT_ORIGINS_MAX, bootOriginsOf, type RackPlace } from '#model/boot-origins.ts'
import { parseIpv4 } from '#model/ipv4.ts'

const place = (rackId: string, address: string, connected = true): RackPlace => {
  const [ip = '', prefix] = address.split('/')
  const { rackId: id } = { rackId: rackId as RackPlace['rackId'] }
  return { rackId: id, ip: parseIpv4(ip) as RackPlace['ip'], prefix: Number(prefix), connected }
}
const OWN = 'http://192.0.2.1:5248'
const urls = (parts: Partial<Parameters<typeof bootOriginsOf>[0]>) =>
  bootOriginsOf({ url: OWN, isRack: true, places: [], regionApis: [], ...parts }).map(
    ({ url, isRack }) => `${isRack ? 'rack' : 'region'} ${url}`,
  )

t.test('first the rack that was asked, then others, then regions', (t) => {
  const places = [place('r2', '192.0.2.2/24'), place('r1', '192.0.2.1/24')]
  const regionApis = ['http://198.51.100.1:5240/']
  t.same(urls({ places, regionApis }), [
    ...['rack http://192.0.2.1:5248', 'rack http://192.0.2.2:5248'],
    'region http://198.51.100.1:5240',
  ])
  t.end()
})

t.test('connected racks before others, of the same subnet before the rest of the VLAN', (t) => {
  const places = [
    ...[place('gone', '192.0.2.5/24', false), place('far', '203.0.113.4/24')],
    ...[place('r1', '192.0.2.1/24'), place('near', '192.0.2.3/24')],
  ]
  t.same(urls({ places }), [
    ...[`rack ${OWN}`, 'rack http://192.0.2.3:5248'],
    ...['rack http://203.0.113.4:5248', 'rack http://192.0.2.5:5248'],
  ])
  t.end()
})

t.test('each rack once, by its address in the same subnet', (t) => {
  const places = [
    ...[place('r1', '192.0.2.1/24'), place('r1', '192.0.2.9/24')],
    ...[place('r2', '203.0.113.2/24'), place('r2', '192.0.2.2/24')],
  ]
  t.same(urls({ places }), [`rack ${OWN}`, 'rack http://192.0.2.2:5248'])
  t.end()
})

t.test('at most four; a region is no rack, and on this host only for this host', (t) => {
  const places = [1, 2, 3, 4, 5, 6].map((n) => place(`r${n}`, `192.0.2.${n}/24`))
  t.equal(urls({ places, regionApis: ['http://198.51.100.1'] }).length, BOOT_ORIGINS_MAX)
  const url = 'http://127.0.0.1:5240'
  const regionApis = [url, 'http://127.0.0.1:5241']
  t.same(urls({ regionApis }), [`rack ${OWN}`])
  t.same(urls({ url, isRack: false, places, regionApis }), [
    ...['region http://127.0.0.1:5240', 'region http://127.0.0.1:5241'],
  ])
  t.end()
})

t.test('the name of a host, and one without a port, are as good', (t) => {
  const places = [place('r2', '192.0.2.2/24')]
  t.same(urls({ url: 'http://rack.example.org', places }), [
    ...['rack http://rack.example.org', 'rack http://192.0.2.2'],
  ])
  t.same(urls({ url: 'http://192.0.2.999:99999', places }).length, 2, 'odd ones throw nothing')
  t.end()
})

t.test('nothing that means something to a shell, a loader or a kernel gets in', (t) => {
  const odd = fc.constantFrom(
    ...[' ', ',', "'", '"', '$(x)', '`', ';', '\n', '\\', '&', '|', '*', '?', '[', '#', 'http://'],
  )
  const parts = fc.array(fc.oneof(odd, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 4 }), (given) => {
      const regionApis = given.map((each) => `http://192.0.2.7${each.join('')}`)
      return bootOriginsOf({ url: OWN, isRack: true, places: [], regionApis }).every(({ url }) =>
        /^http:\/\/[A-Za-z0-9._~/:-]+$/.test(url),
      )
    }),
  )
  t.pass()
  t.end()
})
