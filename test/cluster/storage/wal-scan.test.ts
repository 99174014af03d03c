// LevelDB's log-file format, byte by byte.
import fc from 'fast-check'
import t from 'tap'
import { crc32c, maskCrc } from '#storage/crc32c.ts'
import { readManifest } from '#storage/manifest.ts'
import { scanWal } from '#storage/wal-scan.ts'
import { frameRecord } from '#tools/sim/disk/simulated-disk-wal.ts'

const RANDOM_BYTES = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => 1 + ((i * 31 + seed * 17) % 255)))

function fileOf(payloads: readonly Buffer[]): Buffer {
  let file = Buffer.alloc(0)
  for (const payload of payloads) file = Buffer.concat([file, frameRecord(payload, file.length)])
  return file
}

t.test('CRC-32C gives the published values (RFC 3720 B.4)', async (t) => {
  t.equal(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa)
  t.equal(crc32c(Buffer.alloc(32, 0xff), 0, 32), 0x62a8ab43)
  t.equal(crc32c(Buffer.from('xx123456789'), 2, 11), 0xe3069283)
  t.not(maskCrc(0x8a9136aa), 0x8a9136aa)
})

t.test('records of any size come back whole', async (t) => {
  const sizes = [0, 1, 100, 32_761, 32_760, 32_754, 70_000, 5]
  const payloads = sizes.map(RANDOM_BYTES)
  const scan = scanWal(fileOf(payloads))
  t.equal(scan.state, 'clean')
  t.same(
    scan.records.map((record) => record.length),
    sizes,
  )
  t.ok(scan.records.every((record, i) => record.equals(payloads[i] ?? Buffer.alloc(0))))
})

t.test('an empty file is clean', async (t) => {
  const scan = scanWal(Buffer.alloc(0))
  t.match(scan, { state: 'clean', offset: 0 })
  t.strictSame(scan.records, [])
})

t.test('a file cut anywhere is clean at a border and torn elsewhere, never damaged', async (t) => {
  const payloads = [RANDOM_BYTES(50, 1), RANDOM_BYTES(33_000, 2), RANDOM_BYTES(60, 3)]
  const file = fileOf(payloads)
  const ends = [0, 57, 57 + 33_000 + 14, file.length]
  const wrong: string[] = []
  for (let size = 0; size <= file.length; size += size < 120 || size > 32_700 ? 1 : 97) {
    const scan = scanWal(file.subarray(0, size))
    const expected = ends.includes(size) ? 'clean' : 'torn'
    const lastWhole = ends.filter((end) => end <= size).at(-1)
    if (scan.state !== expected || scan.offset !== lastWhole) wrong.push(`${size} ${scan.state}`)
  }
  t.same(wrong, [])
})

t.test('one flipped bit in any byte is damage', async (t) => {
  const file = fileOf([RANDOM_BYTES(50, 1), RANDOM_BYTES(90, 2), RANDOM_BYTES(60, 3)])
  const missed: string[] = []
  for (let byte = 0; byte < file.length; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const copy = Buffer.from(file)
      copy[byte] = (copy[byte] ?? 0) ^ (1 << bit)
      if (scanWal(copy).state !== 'damaged') missed.push(`byte ${byte} bit ${bit}`)
    }
  }
  t.same(missed, [])
})

t.test('zeros behind the last record are a torn one, before another they are damage', async (t) => {
  const whole = fileOf([RANDOM_BYTES(50, 1)])
  t.match(scanWal(Buffer.concat([whole, Buffer.alloc(2_000)])), { state: 'torn', offset: 57 })
  const zeros = Buffer.concat([whole, Buffer.alloc(32_768 - whole.length)])
  const behind = Buffer.concat([zeros, frameRecord(RANDOM_BYTES(9, 2), zeros.length)])
  t.equal(scanWal(behind).state, 'damaged')
})

t.test('any garbage is judged without a throw', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        const file = Buffer.concat([fileOf([RANDOM_BYTES(20, 1)]), garbage])
        const scan = scanWal(file)
        return scan.records.length >= 1 && scan.offset <= file.length
      }),
    ),
  )
})

t.test('a MANIFEST edit gives the log number and the last sequence', async (t) => {
  const comparator = Buffer.concat([Buffer.from([1, 3]), Buffer.from('cmp')])
  const numbers = Buffer.from([2, 0xac, 0x02, 3, 9, 4, 0x80, 0x01, 9, 0])
  const files = Buffer.from([5, 1, 1, 65, 6, 0, 7, 7, 0, 12, 100, 1, 65, 2, 66, 67])
  t.same(readManifest([Buffer.concat([comparator, numbers]), files]), {
    logNumber: 300,
    lastSequence: 128,
  })
  t.equal(readManifest([Buffer.from([77])]), 'has the unknown field 77')
  t.equal(readManifest([Buffer.from([1, 9, 65])]), 'has a field cut short')
})
