// The rack's journal on a real LevelDB: what was synced is read back, what is damaged counts as none.
import { join } from 'node:path'
import { Level } from 'level'
import t, { type Test } from 'tap'
import type { Ipv4 } from '#model/ipv4.ts'
import { Journal } from '#rack/journal.ts'
import type { JournalRecord } from '#rack/dhcp/ledger.ts'
import { recordingLogger } from '#test/rack/dhcp/world.ts'
import { mac } from '#test/support/region-state.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const address = (n: number) => n as Ipv4
const TENURE: JournalRecord = {
  ...{ type: 'tenure', epoch: 5, sentAtMs: 10, sentAtWallMs: 20, stamp: 30, revision: 6 },
  clusterId: 'c1',
}
const GRANTED: JournalRecord = {
  ...{ type: 'granted', epoch: 5, generation: 7 },
  addresses: [address(1), address(2), address(3)],
}
const bound = (n: number, leaseSeconds = 600): JournalRecord => ({
  ...{ type: 'bound', ip: address(n), generation: 7, client: `1-${mac(n)}`, mac: mac(n) },
  ...{ leaseSeconds, hostname: '' },
})

const open = (dir: string, bootId = 'boot-1') =>
  Journal.open({ dir: join(dir, 'journal'), bootId, incarnation: 1, logger: recordingLogger() })

async function write(t: Test, records: readonly JournalRecord[]): Promise<string> {
  const dir = await temporaryDirectory(t)
  const journal = await open(dir)
  for (const record of records) journal.ledger.apply(record)
  await journal.append(records)
  await journal.close()
  return dir
}

const contentOf = ({ ledger }: Journal) => ledger.dump(1)

t.test('what was appended is there after a restart of the process', async (t) => {
  const records: readonly JournalRecord[] = [
    ...[TENURE, GRANTED, bound(1), bound(2), bound(1, 100)],
    { type: 'replayed', ip: address(2), generation: 7, leaseSeconds: 600 },
    { type: 'declined', ip: address(1), generation: 7 },
    { type: 'returned', reserves: [{ ip: address(3), generation: 7 }] },
  ]
  const dir = await write(t, records)
  const journal = await open(dir)
  t.match(journal.ledger.reserves.get(address(1)), {
    bound: { mac: mac(1), leaseSeconds: 600, isReplayed: false },
    isDeclined: true,
  })
  t.match(journal.ledger.reserves.get(address(2)), { bound: { isReplayed: true } })
  t.match(journal.ledger.reserves.get(address(3)), { status: 'returning' })
  t.equal(journal.ledger.epoch, 5)
  t.equal(journal.sequence, records.length + 2)
  await journal.close()
})

t.test('another boot ends every right and keeps what must be replayed', async (t) => {
  const dir = await write(t, [TENURE, GRANTED, bound(1)])
  const journal = await open(dir, 'boot-2')
  t.same([...journal.ledger.reserves.keys()], [1])
  t.match(journal.ledger.reserves.get(address(1)), { status: 'ended' })
  t.equal(journal.ledger.epoch, undefined)
  await journal.close()
})

t.test('appends of one turn share a sync and all resolve', async (t) => {
  const dir = await write(t, [TENURE, GRANTED])
  const journal = await open(dir)
  await Promise.all([1, 2, 3].map((n) => journal.append([bound(n)])))
  await journal.close()
  const again = await open(dir)
  t.equal([...again.ledger.reserves.values()].filter((one) => one.bound !== null).length, 3)
  await again.close()
})

t.test('a journal that grew long is written anew and says the same', async (t) => {
  const dir = await write(t, [TENURE, GRANTED, bound(1)])
  const journal = await open(dir)
  const many = Array.from({ length: 4_200 }, (_, n) => bound(1, 10 + (n % 300)))
  for (const record of many) journal.ledger.apply(record)
  await journal.append(many)
  const before = contentOf(journal)
  const { sequence } = journal
  await journal.close()
  const again = await open(dir)
  t.same(contentOf(again), before)
  t.equal(again.sequence, sequence + 1, 'the sequence goes on')
  await again.close()
})

for (const [name, damage] of [
  ['changed', (level: Level<string, Uint8Array>, keys: readonly string[]) => flip(level, keys[2])],
  [
    'missing',
    (level: Level<string, Uint8Array>, keys: readonly string[]) => level.del(keys[2] ?? ''),
  ],
] as const) {
  t.test(`a ${name} record makes the whole journal count as none`, async (t) => {
    const dir = await write(t, [TENURE, GRANTED, bound(1)])
    const level = new Level<string, Uint8Array>(join(dir, 'journal'), { valueEncoding: 'view' })
    await damage(level, await level.keys().all())
    await level.close()
    const journal = await open(dir)
    t.equal(journal.ledger.reserves.size, 0)
    t.equal(journal.ledger.epoch, undefined)
    t.equal(journal.sequence, 1)
    await journal.close()
  })
}

t.test('two processes cannot have one journal', async (t) => {
  const dir = await write(t, [])
  const journal = await open(dir)
  await t.rejects(open(dir))
  await journal.close()
})

t.test('a journal that cannot be written promises nothing any more', async (t) => {
  const journal = await open(await write(t, [TENURE, GRANTED]))
  await journal.close()
  await t.rejects(journal.append([bound(1)]))
  await t.rejects(journal.append([bound(2)]))
})

async function flip(level: Level<string, Uint8Array>, key = ''): Promise<void> {
  const value = Uint8Array.from((await level.get(key)) ?? [])
  const at = value.length - 3
  value[at] = (value[at] ?? 0) ^ 1
  await level.put(key, value)
}
