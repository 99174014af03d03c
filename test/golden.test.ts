// What any version wrote is read for ever: every golden of test/fixtures/golden decodes to what it decoded to
// when it was added, and what this version writes is among them. After adding a message, a command or a
// field: UPDATE=1 node --test test/golden.test.ts, and commit what it appended.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { decodeEnvelope, encodeEnvelope } from '#protocol/envelope.ts'
import { decodeGreeting, encodeGreeting } from '#protocol/hello.ts'
import {
  decodePeerMessages,
  decodeSnapshotOffer,
  encodePeerMessage,
  encodeSnapshotOffer,
} from '#protocol/peer-codec.ts'
import { decodeRackToRegion, decodeRegionToRack, encodeRackMessage } from '#protocol/rack-codec.ts'
import { decodeRows, encodeRows } from '#protocol/rows.ts'
import type { Command } from '#state/command.ts'
import { describeBackup, encodeBackup, readBackup } from '#storage/backup-file.ts'
import { encodeChunkHeader, encodeTrailer, readChunks } from '#storage/chunk-file.ts'
import { decodeEntry, encodeEntry } from '#storage/entry-record.ts'
import { asSnapshot, describeSnapshot, encodeSnapshotHeader } from '#storage/snapshot-file.ts'
import {
  addGoldens,
  type GoldenKind,
  missingGoldens,
  readGoldens,
  toPlain,
} from '#test/support/golden.ts'
import { COMMAND_SAMPLES } from '#test/support/golden-commands.ts'
import * as samples from '#test/support/golden-messages.ts'

const actor = {
  ...{ kind: 'user' as const, userId: 1 as never, username: 'admin', remoteAddress: '192.0.2.7' },
  requestId: 'r-1',
} as const
const request = { session: 'n1.4', sequence: 17, answeredBelow: 15 }
const idempotency = { key: 'k', fingerprint: 'ab' }
const envelope = { version: 1, request, wall: 1_790_000_000_123, actor, idempotency } as const

const one = (values: readonly unknown[]): unknown => {
  if (values.length !== 1) throw new Error(`${values.length} values`)
  return values[0]
}

const KINDS: readonly GoldenKind[] = [
  {
    file: 'envelopes',
    samples: COMMAND_SAMPLES,
    encode: (command: Command) => encodeEnvelope({ ...envelope, command }),
    decode: decodeEnvelope,
  },
  {
    file: 'entry-records',
    samples: samples.ENTRY_SAMPLES,
    encode: (entry) => encodeEntry(entry, 0xabcdef),
    decode: (bytes) => decodeEntry(Buffer.from(bytes)),
  },
  {
    file: 'peer-messages',
    samples: samples.PEER_SAMPLES,
    encode: (message) => new Uint8Array(encodePeerMessage(message)),
    decode: (bytes) => one(decodePeerMessages(bytes)),
  },
  {
    file: 'snapshot-offers',
    samples: samples.OFFER_SAMPLES,
    encode: (offer) => new Uint8Array(encodeSnapshotOffer(offer)),
    decode: decodeSnapshotOffer,
  },
  {
    file: 'greetings',
    samples: samples.GREETING_SAMPLES,
    encode: encodeGreeting,
    decode: decodeGreeting,
  },
  {
    file: 'rack-to-region',
    samples: samples.RACK_TO_REGION_SAMPLES,
    encode: (message) => new Uint8Array(encodeRackMessage(message)),
    decode: (bytes) => one(decodeRackToRegion(bytes)),
  },
  {
    file: 'region-to-rack',
    samples: samples.REGION_TO_RACK_SAMPLES,
    encode: (message) => new Uint8Array(encodeRackMessage(message)),
    decode: (bytes) => one(decodeRegionToRack(bytes)),
  },
]

for (const kind of KINDS) {
  t.test(`golden ${kind.file}`, async (t) => {
    if (process.env['UPDATE'] === '1') addGoldens(kind, missingGoldens(kind, readGoldens(kind)))
    const goldens = readGoldens(kind)
    for (const { name, hex, value } of goldens) {
      const decoded = kind.decode(Buffer.from(hex, 'hex'))
      // A field that came later may stand beside what it was, with what its absence meant.
      t.hasStrict(toPlain(decoded), value, `${name} decodes to what it did`)
    }
    t.same(missingGoldens(kind, goldens), [], 'every type has a golden, in the bytes of today')
  })
}

// Files are read from a disk, so they have fixtures of their own shape: bytes in, header and rows out.

const ROWS = encodeRows([
  { table: 'meta', key: 'meta', row: { revision: 40, stamp: 900.5, version: 1 } },
  { table: 'settings', key: 'custom/a', row: { name: 'custom/a', value: 'v' } },
])

function snapshotBytes(): Uint8Array {
  const sha256 = createHash('sha256').update(ROWS).digest()
  return Buffer.concat([
    encodeSnapshotHeader(samples.META),
    encodeChunkHeader(ROWS),
    ROWS,
    encodeTrailer({ chunkCount: 1, sizeBytes: ROWS.length, sha256 }),
  ])
}

async function backupBytes(): Promise<Uint8Array> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(ROWS)
  }
  const pieces: Uint8Array[] = []
  for await (const piece of encodeBackup(samples.BACKUP_HEADER, chunks())) pieces.push(piece)
  return Buffer.concat(pieces)
}

const readers: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  snapshot: async (path) => {
    const file = await open(path, 'r')
    try {
      const { meta } = await describeSnapshot(file, path)
      const rows: unknown[] = []
      for await (const chunk of readChunks(asSnapshot(file, path))) rows.push(...decodeRows(chunk))
      return { meta, rows }
    } finally {
      await file.close()
    }
  },
  backup: async (path) => {
    const { header } = await describeBackup(path)
    const rows: unknown[] = []
    for await (const chunk of readBackup(path)) rows.push(...decodeRows(chunk))
    return { header, rows }
  },
}

t.test('golden files', async (t) => {
  const written = { snapshot: snapshotBytes(), backup: await backupBytes() }
  const kind: GoldenKind = {
    file: 'files',
    samples: written,
    encode: (bytes: Uint8Array) => bytes,
    decode: (bytes) => bytes.length,
  }
  if (process.env['UPDATE'] === '1') addGoldens(kind, missingGoldens(kind, readGoldens(kind)))
  const directory = mkdtempSync(join(tmpdir(), 'ironraft-golden-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const goldens = readGoldens(kind)
  for (const [at, { name, hex }] of goldens.entries()) {
    const path = join(directory, String(at))
    writeFileSync(path, Buffer.from(hex, 'hex'))
    const content = (await readers[name]?.(path)) as { readonly rows: readonly unknown[] }
    t.match(
      content,
      name === 'snapshot' ? { meta: samples.META } : { header: samples.BACKUP_HEADER },
    )
    t.strictSame(content.rows, decodeRows(ROWS), `the rows of ${name} ${at}`)
  }
  t.same(missingGoldens(kind, goldens), [])
})
