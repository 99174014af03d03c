// The event stream as a client sees it: what it yields, when it ends, who is asked next.
import t from 'tap'
import { FakeRegion } from '#test/support/fake-region.ts'
import { changesAfter, type ChangeLine } from '#tools/change-stream.ts'
import { Client } from '#tools/client.ts'

const LINES = [
  '',
  JSON.stringify({ revision: 7, changes: [{ table: 'spaces' }, { table: 'events' }] }),
  '',
  JSON.stringify({ reset: { revision: 9 } }),
  '',
].join('\n')

async function read(client: Client, since: number): Promise<ChangeLine[]> {
  const lines: ChangeLine[] = []
  for await (const line of changesAfter(client, since, new AbortController().signal)) {
    lines.push(line)
  }
  return lines
}

t.test('heartbeats are skipped, changes and resets told, the end is the end', async (t) => {
  const region = await FakeRegion.start(() => ({ status: 200, body: LINES }))
  t.teardown(() => region.stop())
  t.same(await read(new Client({ urls: [region.url], apiKey: null }), 6), [
    { revision: 7, tables: ['spaces', 'events'], reset: false },
    { revision: 9, tables: [], reset: true },
  ])
  t.equal(region.asked[0]?.url, '/api/v1/events?since=6')
})

t.test('a region that dies or cannot serve is followed by the next one', async (t) => {
  const dead = await FakeRegion.start(() => 'drop')
  const busy = await FakeRegion.start(() => ({ status: 503, body: 'Busy.' }))
  const live = await FakeRegion.start(() => ({ status: 200, body: LINES }))
  t.teardown(() => Promise.all([dead.stop(), busy.stop(), live.stop()]))
  const client = new Client({ urls: [dead.url, busy.url, live.url], apiKey: null })
  t.equal((await read(client, 0)).length, 2)
  t.equal((await read(client, 0)).length, 2)
  t.equal(dead.asked.length, 1, 'the one that answered is asked first the next time')
})

t.test('a refusal is final, and nobody there is said in time', async (t) => {
  const region = await FakeRegion.start(() => ({ status: 403, body: 'Forbidden.' }))
  const client = new Client({ urls: [region.url], apiKey: null, timeoutMs: 300 })
  await t.rejects(read(client, 0), { status: 403, message: 'Forbidden.' })
  t.equal(region.asked.length, 1)
  await region.stop()
  await t.rejects(read(client, 0), { code: 'NO_QUORUM' })
})

t.test('a stop ends it at once', async (t) => {
  const region = await FakeRegion.start(() => 'hang')
  t.teardown(() => region.stop())
  const stop = new AbortController()
  const client = new Client({ urls: [region.url], apiKey: null })
  const stream = changesAfter(client, 0, stop.signal)
  const next = stream.next()
  stop.abort()
  await t.rejects(next, { name: 'AbortError' })
})
