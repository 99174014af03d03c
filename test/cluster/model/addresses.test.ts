import fc from 'fast-check'
import t from 'tap'
import { makeSystemId, parseSystemId, SYSTEM_ID_ALPHABET } from '#model/ids.ts'
import {
  cidrsOverlap,
  contains,
  firstOf,
  formatCidr,
  formatIpv4,
  ipv4FromBytes,
  lastOf,
  makeIpv4,
  maskOf,
  parseCidr,
  parseIpv4,
  rangeSize,
  rangesOverlap,
} from '#model/ipv4.ts'
import { macFromBytes, macToBytes, parseMac } from '#model/mac-address.ts'
import { AppError, ERROR_CODES } from '#model/errors.ts'
import { MACHINE_STATUS, MACHINE_STATUS_NAMES } from '#model/machine.ts'
import { cidr, ip } from '#test/support/region-state.ts'

t.test('every address survives formatting and parsing', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => {
      const address = makeIpv4(n)
      return address === n && parseIpv4(formatIpv4(address)) === n
    }),
  )
  t.equal(formatIpv4(ip('255.0.128.1')), '255.0.128.1')
})

for (const text of [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.-4',
  'a.b.c.d',
  '::1',
]) {
  t.test(`not an address: "${text}"`, async (t) => t.equal(parseIpv4(text), undefined))
}
for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/', '10.0.0.0/a', '::/0']) {
  t.test(`not a CIDR: "${text}"`, async (t) => t.equal(parseCidr(text), undefined))
}

t.test('a CIDR clears host bits and knows its ends', async (t) => {
  const net = cidr('10.1.2.3/22')
  t.equal(formatCidr(net), '10.1.0.0/22')
  t.same([firstOf(net), lastOf(net)].map(formatIpv4), ['10.1.0.0', '10.1.3.255'])
  t.ok(contains(net, ip('10.1.3.255')))
  t.notOk(contains(net, ip('10.1.4.0')))
  t.same([maskOf(0), maskOf(22), maskOf(32)].map(formatIpv4), [
    '0.0.0.0',
    '255.255.252.0',
    '255.255.255.255',
  ])
  t.equal(formatIpv4(lastOf(cidr('0.0.0.0/0'))), '255.255.255.255')
})

t.test('overlap and size count both ends', async (t) => {
  const range = (start: string, end: string) => ({ start: ip(start), end: ip(end) })
  t.ok(rangesOverlap(range('10.0.0.1', '10.0.0.5'), range('10.0.0.5', '10.0.0.9')))
  t.notOk(rangesOverlap(range('10.0.0.1', '10.0.0.4'), range('10.0.0.5', '10.0.0.9')))
  t.equal(rangeSize(range('10.0.0.1', '10.0.0.1')), 1)
  t.ok(cidrsOverlap(cidr('10.0.0.0/8'), cidr('10.5.0.0/16')))
  t.notOk(cidrsOverlap(cidr('10.0.0.0/9'), cidr('10.128.0.0/9')))
})

t.test('addresses are read from bytes', async (t) => {
  t.equal(formatIpv4(ipv4FromBytes(Uint8Array.of(9, 192, 0, 2, 1), 1)), '192.0.2.1')
  t.equal(macFromBytes(Uint8Array.of(0x52, 0x54, 0, 0xab, 0, 1)), '52:54:00:ab:00:01')
})

for (const text of [
  '52:54:00:AB:00:01',
  '52-54-00-ab-00-01',
  '525400ab0001',
  ' 52:54:00:ab:00:01 ',
]) {
  t.test(`a MAC written "${text}"`, async (t) => {
    const mac = parseMac(text)
    t.equal(mac, '52:54:00:ab:00:01')
    if (mac !== undefined) t.equal(macFromBytes(macToBytes(mac)), mac)
  })
}
for (const text of [
  '',
  '52:54:00:ab:00',
  '52:54:00:ab:00:0g',
  '52:54-00:ab:00:01',
  '52:54:00:ab:00:01:02',
]) {
  t.test(`not a MAC: "${text}"`, async (t) => t.equal(parseMac(text), undefined))
}

t.test('system ids have six characters of the alphabet', async (t) => {
  let n = 0
  const made = makeSystemId((below) => n++ % below)
  t.equal(made, SYSTEM_ID_ALPHABET.slice(0, 6))
  t.equal(parseSystemId(made), made)
  for (const text of ['', 'abc12', 'abc1234', 'ABC123', 'abc12/'])
    t.equal(parseSystemId(text), undefined)
})

t.test('statuses and their names are MAAS’s', async (t) => {
  t.equal(MACHINE_STATUS_NAMES.length, Object.keys(MACHINE_STATUS).length)
  t.equal(MACHINE_STATUS_NAMES[MACHINE_STATUS.DEPLOYED], 'Deployed')
  t.equal(MACHINE_STATUS_NAMES[MACHINE_STATUS.FAILED_TESTING], 'Failed testing')
})

t.test('a failure has a code, a public sentence and details for the log', async (t) => {
  const cause = new Error('disk')
  const error = new AppError('STORAGE_FAILED', 'Cannot write.', { cause, details: { path: 'x' } })
  t.match(error, {
    code: 'STORAGE_FAILED',
    message: 'Cannot write.',
    details: { path: 'x' },
    cause,
  })
  t.same(new AppError('TIMEOUT', 'Too late.').details, {})
  t.equal(new Set(ERROR_CODES).size, ERROR_CODES.length)
})
