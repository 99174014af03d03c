// The codec against itself, against the malformed, and against the npm package `dhcp` in both directions
// (its codec is sound for plain packets; its faults are listed in rack/dhcp/README.md).
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { formatIpv4, makeIpv4 } from '#model/ipv4.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import { encodePacket, type OptionToWrite, type PacketToWrite } from '#rack/dhcp/encode.ts'
import { OPTION, readSubOptions } from '#rack/dhcp/options.ts'
import {
  type DhcpPacket,
  identifyClient,
  MESSAGE_TYPE,
  type MessageName,
} from '#rack/dhcp/packet.ts'
import { ip, requestBytes } from './world.ts'

type Oracle = {
  parse: (bytes: Buffer) => Record<string, unknown> & { options: Record<number, unknown> }
  format: (packet: unknown) => { _data: Buffer; _w: number }
}
const requireOracle = createRequire(import.meta.url)
const oracle = requireOracle('dhcp/lib/protocol.js') as Oracle
// Options the package does not know, or types as text that is not: declared as bytes.
const declare = requireOracle('dhcp/lib/options.js') as {
  addOption: (code: number, option: { name: string; type: string; attr: string }) => void
}
for (const code of [43, 60, 61, 77, 82, 93, 94, 97, 118, 175]) {
  declare.addOption(code, { name: `option ${code}`, type: 'UInt8s', attr: `option${code}` })
}

const names = Object.keys(MESSAGE_TYPE) as MessageName[]
const bytes = (max: number) => fc.uint8Array({ minLength: 1, maxLength: max })
const address = fc.nat(0xffffffff).map(makeIpv4)
const chars = Array.from('abcdefghijklmnopqrstuvwxyz0123456789.-/:')
const label = (max: number) => fc.string({ unit: fc.constantFrom(...chars), maxLength: max })

const packets: fc.Arbitrary<PacketToWrite> = fc.record({
  op: fc.constantFrom(1, 2),
  htype: fc.constant(1),
  hops: fc.nat(16),
  xid: fc.nat(0xffffffff),
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  sname: label(60),
  file: label(120),
  messageType: fc.constantFrom(...names),
  options: fc.uniqueArray(fc.tuple(fc.integer({ min: 128, max: 254 }), bytes(40)), {
    maxLength: 12,
    selector: ([code]) => code,
  }),
  relayInformation: fc.option(bytes(60), { nil: undefined }),
})

t.test('what is written is read back', async (t) => {
  fc.assert(
    fc.property(packets, (packet) => {
      const decoded = decodePacket(encodePacket(packet, 1472))
      if (!decoded.ok) throw new Error(decoded.reason)
      const { options, relayInformation, ...header } = packet
      const { options: read, hlen, ...readHeader } = decoded.packet
      t.strictSame(readHeader, header)
      t.equal(hlen, 6)
      const expected = new Map<number, Uint8Array>([
        [53, Uint8Array.of(MESSAGE_TYPE[packet.messageType])],
        ...options,
        ...(relayInformation === undefined ? [] : [[82, relayInformation] as const]),
      ])
      t.strictSame([...read.keys()], [...expected.keys()])
      for (const [code, value] of expected) t.equal(Buffer.compare(read.get(code)!, value), 0)
    }),
    { numRuns: 200 },
  )
})

t.test('the oracle reads what we write', async (t) => {
  const options: readonly OptionToWrite[] = [
    [OPTION.SERVER_IDENTIFIER, Uint8Array.of(192, 0, 2, 1)],
    [OPTION.LEASE_TIME, Uint8Array.of(0, 0, 2, 88)],
    [OPTION.ROUTER, Uint8Array.of(192, 0, 2, 254, 192, 0, 2, 253)],
    [OPTION.DOMAIN_NAME, Buffer.from('example.org')],
    [OPTION.CLIENT_IDENTIFIER, Uint8Array.of(1, 82, 84, 0, 0, 0, 1)],
    [OPTION.CLIENT_ARCHITECTURE, Uint8Array.of(0, 7)],
  ]
  fc.assert(
    fc.property(packets, (packet) => {
      const written = encodePacket({ ...packet, options }, 1472)
      const read = oracle.parse(Buffer.from(written))
      t.match(read, {
        op: packet.op,
        hops: packet.hops,
        xid: packet.xid,
        secs: packet.secs,
        flags: packet.flags,
        ciaddr: formatIpv4(packet.ciaddr),
        yiaddr: formatIpv4(packet.yiaddr),
        siaddr: formatIpv4(packet.siaddr),
        giaddr: formatIpv4(packet.giaddr),
        sname: packet.sname,
        file: packet.file,
        magicCookie: 0x63825363,
        options: {
          53: MESSAGE_TYPE[packet.messageType],
          54: '192.0.2.1',
          51: 600,
          3: ['192.0.2.254', '192.0.2.253'],
          15: 'example.org',
          61: [1, 82, 84, 0, 0, 0, 1],
          93: [0, 7],
        },
      })
      const relay = packet.relayInformation
      t.strictSame(read.options[82], relay === undefined ? undefined : [...relay])
    }),
    { numRuns: 100 },
  )
})

t.test('we read what the oracle writes', async (t) => {
  fc.assert(
    fc.property(packets, (packet) => {
      const written = oracle.format({
        ...packet,
        hlen: 6,
        chaddr: Buffer.from(packet.chaddr).toString('hex').match(/../g)?.join('-'),
        ciaddr: formatIpv4(packet.ciaddr),
        yiaddr: formatIpv4(packet.yiaddr),
        siaddr: formatIpv4(packet.siaddr),
        giaddr: formatIpv4(packet.giaddr),
        options: { 53: MESSAGE_TYPE[packet.messageType], 50: '192.0.2.9', 55: [1, 3, 6], 12: 'me' },
      })
      const decoded = decodePacket(written._data.subarray(0, written._w))
      if (!decoded.ok) throw new Error(decoded.reason)
      const { options: _, relayInformation: __, ...header } = packet
      t.match(decoded.packet, header)
      t.strictSame([...(decoded.packet.options.get(50) ?? [])], [192, 0, 2, 9])
      t.strictSame([...(decoded.packet.options.get(55) ?? [])], [1, 3, 6])
      t.equal(Buffer.from(decoded.packet.options.get(12) ?? []).toString(), 'me')
    }),
    { numRuns: 100 },
  )
})

/** A DHCPDISCOVER with its option area replaced. */
function withOptions(area: readonly number[], fields: { sname?: number[]; file?: number[] } = {}) {
  const packet = new Uint8Array(240 + area.length)
  packet.set(requestBytes('DHCPDISCOVER').subarray(0, 240))
  packet.set(fields.sname ?? [], 44)
  packet.set(fields.file ?? [], 108)
  packet.set(area, 240)
  return packet
}
const optionsOf = (packet: Uint8Array): DhcpPacket['options'] | string => {
  const decoded = decodePacket(packet)
  return decoded.ok ? decoded.packet.options : decoded.reason
}
const DISCOVER = [53, 1, 1]

t.test('RFC 2132 §3.1: padding between options is skipped, octet by octet', async (t) => {
  const read = optionsOf(withOptions([0, ...DISCOVER, 0, 0, 0, 12, 1, 65, 0, 255, 50]))
  t.strictSame(
    read,
    new Map([
      [53, Uint8Array.of(1)],
      [12, Uint8Array.of(65)],
    ]),
  )
})

t.test('a missing END is accepted, an overrun is not', async (t) => {
  t.type(optionsOf(withOptions(DISCOVER)), Map)
  for (const area of [[12], [12, 1], [12, 5, 65], [12, 255, ...Array(200).fill(65)]]) {
    t.equal(optionsOf(withOptions([...DISCOVER, ...area])), 'option_overrun')
  }
})

t.test('RFC 3396: parts join over options, file and sname, in that order', async (t) => {
  const read = optionsOf(
    withOptions([...DISCOVER, 52, 1, 3, 67, 1, 97, 67, 1, 98, 255], {
      file: [67, 1, 99, 255],
      sname: [0, 67, 1, 100, 255],
    }),
  )
  if (typeof read === 'string') throw new Error(read)
  t.equal(Buffer.from(read.get(67) ?? []).toString(), 'abcd')
})

t.test('RFC 2132 §9.3: overloaded fields are options, not text', async (t) => {
  const file = [12, 2, 104, 105, 255]
  const both = decodePacket(withOptions([...DISCOVER, 52, 1, 1, 255], { file, sname: [65, 66] }))
  if (!both.ok) throw new Error(both.reason)
  t.match(both.packet, { file: '', sname: 'AB' })
  t.equal(Buffer.from(both.packet.options.get(12) ?? []).toString(), 'hi')
  for (const value of [0, 4, 255]) {
    t.equal(optionsOf(withOptions([...DISCOVER, 52, 1, value, 255])), 'overload')
  }
  t.equal(optionsOf(withOptions([...DISCOVER, 52, 2, 1, 1, 255])), 'overload')
  const overrun = withOptions([...DISCOVER, 52, 1, 1, 255], { file: [12, 127, 1] })
  t.equal(optionsOf(overrun), 'option_overrun')
})

t.test('what is malformed says why', async (t) => {
  const good = requestBytes('DHCPDISCOVER')
  const patched = (at: number, value: number): Uint8Array => {
    const copy = good.slice()
    copy[at] = value
    return copy
  }
  const cases: [string, Uint8Array][] = [
    ['too_short', new Uint8Array(0)],
    ['too_short', good.subarray(0, 239)],
    ['too_long', new Uint8Array(9217)],
    ['op', patched(0, 0)],
    ['op', patched(0, 3)],
    ['hlen', patched(2, 17)],
    ['hops', patched(3, 17)],
    ['cookie', patched(236, 0)],
    ['not_dhcp', withOptions([255])],
    ['not_dhcp', withOptions([53, 1, 0, 255])],
    ['not_dhcp', withOptions([53, 1, 9, 255])],
    ['not_dhcp', withOptions([53, 2, 1, 1, 255])],
    ['not_dhcp', withOptions([53, 0, 255])],
  ]
  for (const [reason, packet] of cases) {
    t.strictSame(decodePacket(packet), { ok: false, reason }, reason)
  }
  t.equal(decodePacket(patched(3, 16)).ok, true, '16 hops are allowed')
})

t.test('a decoded packet shares no memory with the datagram', async (t) => {
  const datagram = requestBytes('DHCPDISCOVER', { options: [[12, Buffer.from('abc')]] }).slice()
  const decoded = decodePacket(datagram)
  if (!decoded.ok) throw new Error(decoded.reason)
  datagram.fill(0)
  t.equal(Buffer.from(decoded.packet.options.get(12) ?? []).toString(), 'abc')
  t.equal(identifyClient(decoded.packet)?.mac, '52:54:00:00:00:01')
})

const reply = (changes: Partial<PacketToWrite> = {}): PacketToWrite => ({
  op: 2,
  htype: 1,
  hops: 0,
  xid: 1,
  secs: 0,
  flags: 0,
  ciaddr: ip('0.0.0.0'),
  yiaddr: ip('0.0.0.0'),
  siaddr: ip('0.0.0.0'),
  giaddr: ip('0.0.0.0'),
  chaddr: new Uint8Array(6),
  sname: '',
  file: '',
  messageType: 'DHCPOFFER',
  options: [],
  relayInformation: undefined,
  ...changes,
})

t.test('RFC 1542 §2.1: a reply has at least 300 octets, all zero after END', async (t) => {
  const written = encodePacket(reply(), 548)
  t.equal(written.length, 300)
  t.strictSame([...written.subarray(240, 244)], [53, 1, 2, 255])
  t.ok(written.subarray(244).every((octet) => octet === 0))
})

t.test('RFC 3046 §2.2: option 82 comes last, unchanged', async (t) => {
  const relayInformation = Uint8Array.of(1, 2, 7, 7, 2, 0, 0)
  const options: readonly OptionToWrite[] = [[200, Uint8Array.of(9)]]
  const written = encodePacket(reply({ options, relayInformation }), 548)
  const tail = [200, 1, 9, 82, 7, ...relayInformation, 255]
  t.strictSame([...written.subarray(243, 243 + tail.length)], tail)
})

t.test('RFC 3396 §6: a value longer than 255 octets is split', async (t) => {
  const value = new Uint8Array(600).map((_, i) => i % 251)
  const decoded = decodePacket(encodePacket(reply({ options: [[119, value]] }), 1472))
  if (!decoded.ok) throw new Error(decoded.reason)
  t.equal(Buffer.compare(decoded.packet.options.get(119) ?? new Uint8Array(), value), 0)
})

t.test('what does not fit is left out whole, the relay keeps its room', async (t) => {
  const big = new Uint8Array(200).fill(1)
  const options: readonly OptionToWrite[] = [
    [54, new Uint8Array(4)],
    [200, big],
    [201, big],
    [202, Uint8Array.of(5)],
    [203, big.subarray(0, 85)],
  ]
  const relayInformation = new Uint8Array(60).fill(3)
  const written = encodePacket(reply({ options, relayInformation }), 548)
  t.ok(written.length <= 548)
  const read = optionsOf(written)
  if (typeof read === 'string') throw new Error(read)
  t.strictSame([...read.keys()], [53, 54, 200, 202, 82])
})

t.test('any options: never longer than the client takes, always decodable', async (t) => {
  const options = fc.array(fc.tuple(fc.integer({ min: 1, max: 254 }), bytes(300)), {
    maxLength: 20,
  })
  const limit = fc.integer({ min: 548, max: 1472 })
  fc.assert(
    fc.property(options, limit, fc.option(bytes(255)), (list, bytesMax, relay) => {
      const without = list.filter(([code]) => code !== 53 && code !== 52)
      const packet = reply({ options: without, relayInformation: relay ?? undefined })
      const written = encodePacket(packet, bytesMax)
      const decoded = decodePacket(written)
      return written.length <= bytesMax && written.length >= 300 && decoded.ok
    }),
  )
  t.pass()
})

t.test('sub-options: a length beyond the end is malformed, not a crash', async (t) => {
  t.strictSame(
    readSubOptions(Uint8Array.of(5, 2, 1, 2, 11, 0)),
    new Map([
      [5, Uint8Array.of(1, 2)],
      [11, new Uint8Array(0)],
    ]),
  )
  t.equal(readSubOptions(Uint8Array.of(5)), undefined)
  t.equal(readSubOptions(Uint8Array.of(5, 3, 1, 2)), undefined)
  t.strictSame(readSubOptions(new Uint8Array(0)), new Map())
})

type Capture = { name: string; hex: string; type: string; options: number[]; mac: string }
const captures = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/dhcp/clients.json'), 'utf8'),
) as Capture[]
for (const capture of captures) {
  t.test(`capture: ${capture.name} is read as it was sent`, async (t) => {
    const decoded = decodePacket(Buffer.from(capture.hex, 'hex'))
    if (!decoded.ok) throw new Error(decoded.reason)
    t.equal(decoded.packet.messageType, capture.type)
    t.equal(identifyClient(decoded.packet)?.mac, capture.mac)
    t.strictSame([...decoded.packet.options.keys()], capture.options)
  })
}
