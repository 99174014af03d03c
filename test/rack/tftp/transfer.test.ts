// The TFTP standards, in their order: RFC 1350, RFC 1123 §4.2.3.1, RFC 2347, 2348, 2349, RFC 7440; and
// what boot ROMs do to them.
import fc from 'fast-check'
import t from 'tap'
import { normalisePath, toNetascii } from '#rack/tftp/boot-files.ts'
import { negotiate, type Negotiated } from '#rack/tftp/negotiate.ts'
import { formatError, parsePacket, type TftpOption } from '#rack/tftp/packet.ts'
import { Transfer } from '#rack/tftp/transfer.ts'

const NOTHING = { packet: undefined, blocks: undefined, end: undefined }
const PLAIN: Negotiated = { blockBytes: 512, windowBlocks: 1, timeoutMs: undefined, accepted: [] }
const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255)
const error = (code: number): Uint8Array => formatError(code, 'stop')
const text = (...parts: readonly string[]): string => parts.map((part) => `${part}\0`).join('')
const rrq = (...parts: readonly string[]): Uint8Array =>
  Uint8Array.from(Buffer.from(`\0\u0001${text(...parts)}`, 'latin1'))
const file = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i % 251)

function started(bytes: number, negotiated: Partial<Negotiated> = {}) {
  const transfer = new Transfer(file(bytes), { ...PLAIN, ...negotiated })
  return { transfer, first: transfer.start(0) }
}

t.test('RFC 1350 §2: each block is sent when the one before was acknowledged', (t) => {
  const { transfer, first } = started(1_100)
  t.strictSame(first.blocks, { from: 1, to: 1 })
  t.strictSame(transfer.onPacket(ack(1), 1).blocks, { from: 2, to: 2 })
  t.strictSame(transfer.onPacket(ack(2), 2).blocks, { from: 3, to: 3 })
  t.equal(transfer.block(3)[1].length, 1_100 - 1_024)
  t.strictSame(transfer.onPacket(ack(3), 3).end, { result: 'complete' })
  t.equal(transfer.ended, true)
  t.end()
})

t.test('RFC 1350 §2: a lost packet is sent again after a time, with growing patience', (t) => {
  const { transfer } = started(100)
  t.equal(transfer.onTimeout(999).blocks, undefined, 'not before its time')
  const times: number[] = []
  for (;;) {
    const now = transfer.deadlineMs
    const step = transfer.onTimeout(now)
    times.push(now)
    if (step.end !== undefined) {
      t.strictSame(step.end, { result: 'timedOut' })
      break
    }
    t.strictSame(step.blocks, { from: 1, to: 1 })
  }
  t.strictSame(times, [1_000, 3_000, 7_000, 15_000, 23_000, 31_000])
  t.end()
})

t.test('RFC 1350 §4: an acknowledgement of what was not sent is nothing', (t) => {
  const { transfer } = started(5_000)
  for (const block of [0, 2, 3, 65_535]) t.equal(transfer.onPacket(ack(block), 1).blocks, undefined)
  t.equal(transfer.ended, false)
  t.end()
})

t.test('RFC 1350 §5: requests', (t) => {
  const cases: readonly (readonly [string, Uint8Array, unknown])[] = [
    [
      'mode in any case',
      rrq('pxe', 'OcTet'),
      { type: 'RRQ', filename: 'pxe', mode: 'octet', options: [] },
    ],
    ['without mode', rrq('pxe'), { type: 'RRQ', filename: 'pxe', mode: '' }],
    ['empty name', rrq('', 'octet'), undefined],
    ['one byte', Uint8Array.of(1), undefined],
    ['nothing', Uint8Array.of(), undefined],
    ['unknown opcode', Uint8Array.of(0, 9, 0, 0), undefined],
    ['ACK', ack(513), { type: 'ACK', block: 513 }],
    ['ERROR', error(3), { type: 'ERROR', code: 3, message: 'stop' }],
  ]
  for (const [name, bytes, expected] of cases) {
    const packet = parsePacket(bytes)
    if (expected === undefined || name === 'without mode') t.equal(packet, undefined, name)
    else t.strictSame(packet, expected, name)
  }
  t.end()
})

t.test('RFC 1350 §5: an operation that makes no sense ends the transfer with error 4', (t) => {
  for (const bytes of [
    rrq('x', 'octet'),
    Uint8Array.of(0, 3, 0, 1, 65),
    Uint8Array.of(0, 6, 0, 0),
  ]) {
    const { transfer } = started(5_000)
    const step = transfer.onPacket(bytes, 1)
    t.strictSame(step.end, { result: 'illegal' })
    t.match(parsePacket(step.packet ?? Uint8Array.of()), { type: 'ERROR', code: 4 })
  }
  t.end()
})

t.test('RFC 1350 §6: the last block is shorter, empty if need be', (t) => {
  const cases = [
    { bytes: 0, blocks: 1, last: 0 },
    { bytes: 511, blocks: 1, last: 511 },
    { bytes: 512, blocks: 2, last: 0 },
    { bytes: 513, blocks: 2, last: 1 },
  ]
  for (const { bytes, blocks, last } of cases) {
    const { transfer } = started(bytes)
    for (let block = 1; block < blocks; block++) {
      t.equal(transfer.onPacket(ack(block), 1).end, undefined)
    }
    t.equal(transfer.block(blocks)[1].length, last)
    t.strictSame(transfer.onPacket(ack(blocks), 1).end, { result: 'complete' }, `${bytes} bytes`)
  }
  t.end()
})

t.test('RFC 1350 §7: an error of the client ends the transfer without an answer', (t) => {
  const { transfer } = started(5_000)
  const step = transfer.onPacket(error(3), 1)
  t.match(step.end, { result: 'aborted', code: 3 })
  t.equal(step.packet, undefined)
  t.equal(transfer.onPacket(ack(1), 2).blocks, undefined)
  t.end()
})

t.test('RFC 1123 §4.2.3.1: a duplicate ACK sends nothing (Sorcerer’s Apprentice)', (t) => {
  const { transfer } = started(5_000)
  t.strictSame(transfer.onPacket(ack(1), 1).blocks, { from: 2, to: 2 })
  for (let i = 0; i < 5; i++) t.equal(transfer.onPacket(ack(1), 2).blocks, undefined)
  t.strictSame(transfer.onPacket(ack(2), 3).blocks, { from: 3, to: 3 })
  t.end()
})

t.test('RFC 1123 §4.2.3.3: the timeout follows the measured round trip', (t) => {
  const { transfer } = started(50_000)
  for (let block = 1; block <= 40; block++) transfer.onPacket(ack(block), block * 10)
  t.equal(transfer.deadlineMs, 400 + 200, 'never below its floor')
  const { transfer: slow } = started(50_000)
  for (let block = 1; block <= 40; block++) slow.onPacket(ack(block), block * 700)
  t.ok(slow.deadlineMs - 28_000 >= 700 && slow.deadlineMs - 28_000 < 1_000)
  t.end()
})

t.test('RFC 1123 §4.2.3.3: an answer to something sent twice measures nothing (Karn)', (t) => {
  const { transfer } = started(50_000)
  for (let block = 1; block <= 10; block++) transfer.onPacket(ack(block), block)
  transfer.onTimeout(transfer.deadlineMs)
  const sentAgainMs = transfer.deadlineMs - 400
  transfer.onPacket(ack(11), sentAgainMs + 399)
  t.equal(transfer.deadlineMs, sentAgainMs + 399 + 400, 'the doubled patience stays')
  t.end()
})

t.test('block numbers wrap to 0', (t) => {
  const blocks = 65_540
  const { transfer } = started((blocks - 1) * 8, { blockBytes: 8 })
  for (let block = 1; block < blocks; block++) {
    const step = transfer.onPacket(ack(block & 0xffff), 1)
    if (step.blocks?.from !== block + 1) t.fail(`block ${block}`)
  }
  t.strictSame([...transfer.block(65_536)[0]], [0, 3, 0, 0])
  t.strictSame(transfer.onPacket(ack(blocks & 0xffff), 2).end, { result: 'complete' })
  t.end()
})

const options = (...pairs: readonly (readonly [string, string])[]): readonly TftpOption[] =>
  pairs.map(([name, value]) => ({ name, value }))

t.test(
  'RFC 2347: options are named in any case, unknown ones ignored, the first of two counts',
  (t) => {
    const request = parsePacket(
      rrq('f', 'octet', 'BlkSize', '1024', 'multicast', '', 'blksize', '600', 'TSIZE', '0'),
    )
    if (request?.type !== 'RRQ') throw new Error('not a request')
    const { accepted } = negotiate(request.options, 77)
    t.strictSame(accepted, options(['blksize', '1024'], ['tsize', '77']))
    t.end()
  },
)

t.test('RFC 2347: without an accepted option there is no OACK', (t) => {
  const negotiated = negotiate(options(['multicast', ''], ['blksize', 'many']), 10)
  t.strictSame(negotiated, PLAIN)
  t.strictSame(new Transfer(file(10), negotiated).start(0).blocks, { from: 1, to: 1 })
  t.end()
})

t.test('RFC 2347: OACK is acknowledged by block 0, then data begins', (t) => {
  const { transfer, first } = started(600, { accepted: options(['tsize', '600']) })
  t.strictSame(Buffer.from(first.packet ?? []).toString('latin1'), '\0\u0006tsize\u0000600\0')
  t.equal(first.blocks, undefined)
  t.equal(transfer.onPacket(ack(1), 1).blocks, undefined, 'nothing was sent yet')
  t.strictSame(transfer.onPacket(ack(0), 1).blocks, { from: 1, to: 1 })
  t.equal(transfer.onPacket(ack(0), 1).blocks, undefined, 'a duplicate of it sends nothing')
  t.end()
})

t.test('RFC 2347: a lost OACK is sent again', (t) => {
  const { transfer } = started(600, { accepted: options(['tsize', '600']) })
  t.ok(transfer.onTimeout(1_000).packet)
  t.end()
})

t.test('RFC 2347: error 8 ends quietly, as UEFI does after its size probe', (t) => {
  const { transfer } = started(600, { accepted: options(['tsize', '600']) })
  t.match(transfer.onPacket(error(8), 1).end, { result: 'aborted', code: 8 })
  t.end()
})

t.test('RFC 2348, 2349, 7440: values', (t) => {
  const cases: readonly (readonly [string, readonly TftpOption[], Partial<Negotiated>])[] = [
    ['blksize as asked', options(['blksize', '1024']), { blockBytes: 1_024 }],
    ['blksize lowered, never raised', options(['blksize', '65464']), { blockBytes: 1_468 }],
    [
      'blksize above the standard’s limit too',
      options(['blksize', '99999']),
      { blockBytes: 1_468 },
    ],
    ['blksize 8 is the least', options(['blksize', '8']), { blockBytes: 8 }],
    ['blksize 7 is ignored', options(['blksize', '7']), { blockBytes: 512, accepted: [] }],
    ['blksize of nonsense is ignored', options(['blksize', '-1']), { accepted: [] }],
    ['timeout is echoed', options(['timeout', '3']), { timeoutMs: 3_000 }],
    ['timeout 0 is ignored', options(['timeout', '0']), { timeoutMs: undefined, accepted: [] }],
    ['timeout 256 is ignored', options(['timeout', '256']), { accepted: [] }],
    ['windowsize is lowered', options(['windowsize', '65535']), { windowBlocks: 32 }],
    ['windowsize as asked', options(['windowsize', '4']), { windowBlocks: 4 }],
    ['windowsize 0 is ignored', options(['windowsize', '0']), { windowBlocks: 1, accepted: [] }],
    ['tsize tells the size', options(['tsize', '0']), { accepted: options(['tsize', '77']) }],
  ]
  for (const [name, asked, expected] of cases) t.match(negotiate(asked, 77), expected, name)
  t.end()
})

t.test('RFC 2349: the client’s timeout is kept to the letter', (t) => {
  const { transfer } = started(100, { timeoutMs: 3_000 })
  t.equal(transfer.deadlineMs, 3_000)
  transfer.onTimeout(3_000)
  t.equal(transfer.deadlineMs, 6_000)
  t.end()
})

t.test('RFC 7440 §4: a window goes out at once and is acknowledged at its end', (t) => {
  const { transfer, first } = started(5_000, { windowBlocks: 4 })
  t.strictSame(first.blocks, { from: 1, to: 4 })
  t.strictSame(transfer.onPacket(ack(4), 1).blocks, { from: 5, to: 8 })
  t.strictSame(transfer.onPacket(ack(8), 1).blocks, { from: 9, to: 10 }, 'the last is shorter')
  t.strictSame(transfer.onPacket(ack(10), 1).end, { result: 'complete' })
  t.end()
})

t.test('RFC 7440 §4: after a loss sending goes on behind the acknowledged block', (t) => {
  const { transfer } = started(50_000, { windowBlocks: 4 })
  t.strictSame(transfer.onPacket(ack(2), 1).blocks, { from: 3, to: 6 })
  t.equal(transfer.onPacket(ack(2), 1).blocks, undefined, 'once')
  t.equal(transfer.onPacket(ack(1), 1).blocks, undefined, 'an older one says nothing')
  t.strictSame(transfer.onPacket(ack(6), 1).blocks, { from: 7, to: 10 })
  t.end()
})

t.test('RFC 7440: the last window partly lost is sent again', (t) => {
  const { transfer } = started(1_000, { windowBlocks: 8 })
  t.strictSame(transfer.onPacket(ack(1), 1).blocks, { from: 2, to: 2 })
  t.strictSame(transfer.onPacket(ack(2), 1).end, { result: 'complete' })
  t.end()
})

t.test('names as boot ROMs write them', (t) => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['undionly.kpxe', 'undionly.kpxe'],
    ['/undionly.kpxe', 'undionly.kpxe'],
    ['\\boot\\x64\\snponly.efi', 'boot/x64/snponly.efi'],
    ['//a//./b', 'a/b'],
    ['undionly.kpxe\u00ff', 'undionly.kpxe'],
    ['../etc/passwd', undefined],
    ['a/../../etc/passwd', undefined],
    ['..\\..\\etc\\passwd', undefined],
    ['..x', '..x'],
    ['/', undefined],
    ['a\u0007b', undefined],
    ['x'.repeat(256), undefined],
  ]
  for (const [name, expected] of cases) t.equal(normalisePath(name), expected, JSON.stringify(name))
  t.end()
})

t.test('netascii ends lines with CR LF and keeps a bare CR', (t) => {
  const bytes = toNetascii(Uint8Array.from(Buffer.from('a\nb\rc')))
  t.equal(Buffer.from(bytes).toString('latin1'), 'a\r\nb\r\0c')
  t.end()
})

t.test('any client that acknowledges what it has in order gets the file, whatever is lost', (t) => {
  const negotiated = fc.record({
    blockBytes: fc.integer({ min: 8, max: 40 }),
    windowBlocks: fc.integer({ min: 1, max: 8 }),
  })
  const losses = fc.infiniteStream(fc.integer({ min: 0, max: 9 }))
  fc.assert(
    fc.property(negotiated, fc.integer({ min: 0, max: 700 }), losses, (agreed, bytes, loss) => {
      const source = file(bytes)
      const transfer = new Transfer(source, { ...PLAIN, ...agreed })
      const received: Uint8Array[] = []
      const lost = (): boolean => (loss.next().value ?? 9) < 2
      let now = 0
      let step = transfer.start(now)
      for (let turn = 0; turn < 5_000 && step.end === undefined; turn++) {
        const { blocks } = step
        const before = received.length
        for (let n = blocks?.from ?? 1; blocks !== undefined && n <= blocks.to; n++) {
          if (!lost() && n === received.length + 1) received.push(transfer.block(n)[1])
        }
        now += 1
        const answers = received.length > before && !lost()
        step = answers ? transfer.onPacket(ack(received.length), now) : NOTHING
        if (step === NOTHING || (step.blocks === undefined && step.end === undefined)) {
          now = transfer.deadlineMs
          step = transfer.onTimeout(now)
        }
        if (received.length > Math.floor(bytes / agreed.blockBytes) + 1) throw new Error('too much')
      }
      const whole = Buffer.concat(received)
      if (step.end?.result === 'complete' && !whole.equals(source)) throw new Error('wrong bytes')
      if (step.end === undefined) throw new Error('never ends')
    }),
    { numRuns: 200 },
  )
  t.pass('no counterexample')
  t.end()
})

t.test('no bytes throw', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 6 }), (packets) => {
      const { transfer } = started(3_000, { windowBlocks: 3, accepted: options(['tsize', '1']) })
      for (const bytes of packets) {
        parsePacket(bytes)
        transfer.onPacket(bytes, 1)
      }
    }),
    { numRuns: 500 },
  )
  t.pass('no counterexample')
  t.end()
})
