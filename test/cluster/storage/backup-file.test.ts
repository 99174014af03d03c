// Backup files: whole or refused, and never taken for what they are not.
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import {
  type BackupHeader,
  describeBackup,
  encodeBackup,
  readBackup,
} from '#storage/backup-file.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const HEADER: BackupHeader = {
  ...{ clusterId: 'c-1', revision: 42, stamp: 9_000, featureLevel: 2 },
  ...{ createdWall: 1_700_000_000_000, productVersion: '0.1.0' },
}
const CHUNKS = [Buffer.from('first'), Buffer.alloc(70_000, 7), Buffer.from('last')]

async function* stream(): AsyncGenerator<Uint8Array> {
  for (const chunk of CHUNKS) yield await Promise.resolve(chunk)
}

async function bytesOf(header: BackupHeader = HEADER): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of encodeBackup(header, stream())) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function written(t: Test, bytes: Buffer): Promise<string> {
  const path = join(await temporaryDirectory(t), 'x.backup')
  await writeFile(path, bytes)
  return path
}

async function readAll(path: string): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of readBackup(path)) chunks.push(Buffer.from(chunk))
  return chunks
}

t.test('a backup says what it is of and gives its chunks back', async (t) => {
  const path = await written(t, await bytesOf())
  const described = await describeBackup(path)
  t.same(described.header, HEADER)
  t.equal(described.sizeBytes, 70_009)
  t.same(await readAll(path), CHUNKS)
})

t.test('any byte changed or cut off is noticed', async (t) => {
  const pristine = await bytesOf()
  const path = await written(t, pristine)
  for (const byte of [0, 9, 13, 30, 400, 40_000, pristine.length - 40, pristine.length - 1]) {
    const bytes = Buffer.from(pristine)
    bytes[byte]! ^= 4
    await writeFile(path, bytes)
    await t.rejects(readAll(path), { code: 'STORAGE_DAMAGED' }, `byte ${byte}`)
  }
  for (const bytes of [pristine.length - 1, pristine.length - 52, 100, 0]) {
    await writeFile(path, pristine)
    await truncate(path, bytes)
    await t.rejects(describeBackup(path), {
      code: 'STORAGE_DAMAGED',
      message: /Nothing is restored from it/,
    })
  }
})

t.test('a snapshot, a text and a header of something else are no backups', async (t) => {
  const bytes = await bytesOf()
  bytes.write('IRONSNAP', 'latin1')
  await t.rejects(describeBackup(await written(t, bytes)), { message: /is not a backup/ })
  const text = Buffer.from('hello\n'.repeat(50))
  await t.rejects(describeBackup(await written(t, text)), { code: 'STORAGE_DAMAGED' })
  const other = await bytesOf({ clusterId: 7 } as never)
  await t.rejects(describeBackup(await written(t, other)), { message: /header is not that/ })
  await t.rejects(describeBackup('/nowhere/x.backup'), { code: 'NOT_FOUND' })
})

t.test('a newer version is said to be one', async (t) => {
  const bytes = await bytesOf()
  const end = 16 + bytes.readUInt32BE(12)
  bytes.writeUInt32BE(9, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end)
  const path = await written(t, bytes)
  await t.rejects(describeBackup(path), { code: 'UNSUPPORTED_VERSION', message: /version 9/ })
  t.equal((await readFile(path)).length, bytes.length)
})
