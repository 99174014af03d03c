// What the event stream says of a revision is the same text on every region, whatever way its rows came there.
import t from 'tap'
import { parseIpv4 } from '#model/ipv4.ts'
import { renderBatch } from '#api/v1/render-change.ts'
import type { Change, ChangeBatch } from '#state/outcome.ts'

const batchOf = (table: string, row: object | null): ChangeBatch => ({
  ...{ revision: 7, stamp: 1_000, wall: 1_790_000_000_000 },
  changes: [{ table, key: 'k', row } as unknown as Change],
})

/** The same value with every object's fields in reverse order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, reversed(each)] as const)
  return Object.fromEntries(entries.toReversed())
}

// Found by chaos: rows read from the state database have their fields in another order than fresh ones.
t.test('the order of fields in a row does not show', async (t) => {
  const row = {
    ...{ id: 'm', hostname: 'web1', powerParameters: { password: 'x' } },
    interfaces: [{ name: 'eth0', mac: '52:54:00:00:00:01' }],
    ownerData: { b: '1', aKey: '2' },
    hardware: { cpuCount: 2, memoryMib: 1_024 },
  }
  const text = renderBatch(batchOf('machines', row))
  t.equal(renderBatch(batchOf('machines', reversed(row) as object)), text)
  t.match(text, '"owner_data":{"aKey":"2","b":"1"}', 'free keys stay as they are')
  t.notMatch(text, /password/)
})

t.test('a deleted row is null, a table of our own bookkeeping is not shown', async (t) => {
  t.match(JSON.parse(renderBatch(batchOf('settings', null)) ?? ''), {
    changes: [{ table: 'settings', key: 'k', row: null }],
  })
  t.equal(renderBatch(batchOf('sessions', { id: 's' })), null)
})

t.test('settings that are secrets, files and long texts are not shown', async (t) => {
  const [change] = batchOf('settings', { name: 'vcenter_password', value: 'x' }).changes
  const secret = { ...batchOf('settings', null), changes: [{ ...change, key: 'vcenter_password' }] }
  t.equal(renderBatch(secret as never), null)
  for (const table of ['storedFiles', 'notifications', 'licenseKeys']) {
    t.equal(renderBatch(batchOf(table, { id: 1 })), null, table)
  }
  const script = { id: 1, name: 's', history: [{ id: 1, value: 'long' }] }
  const { changes } = JSON.parse(renderBatch(batchOf('scripts', script)) ?? '')
  t.strictSame(changes[0].row, { id: 1, name: 's' })
})

t.test('a reserved address is shown by its text, secrets and bookkeeping never', async (t) => {
  const ip = parseIpv4('10.0.0.7')
  const batch = { ...batchOf('reservations', { ip, comment: 'printer' }) }
  const [change] = batch.changes
  const keyed = { ...batch, changes: [{ ...change, key: ip } as never] }
  t.match(JSON.parse(renderBatch(keyed) ?? ''), {
    changes: [{ table: 'reserved_ips', key: '10.0.0.7', row: { ip: '10.0.0.7' } }],
  })
  for (const table of ['apiKeys', 'joinTokens', 'sessionOutcomes'] as const) {
    t.equal(renderBatch(batchOf(table, { id: 1 })), null, table)
  }
})
