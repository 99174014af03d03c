// `--wait` asks until nobody who can be reached is behind.
import t from 'tap'
import { FakeRegion } from '#test/support/fake-region.ts'
import { Client } from '#tools/client.ts'
import { waitForAll } from '#tools/wait-for-all.ts'

const node = (id: string, applied: number | null, reachable = true) => ({ id, applied, reachable })

async function clusterOf(rounds: readonly object[][]) {
  const region = await FakeRegion.start((_, count) => {
    const nodes = rounds[Math.min(count, rounds.length) - 1]
    return { status: 200, body: JSON.stringify({ nodes }) }
  })
  return { region, client: new Client({ urls: [region.url], apiKey: null }) }
}

t.test('it ends when all have it; who cannot be reached is not waited for', async (t) => {
  const rounds = [
    [node('a', 7), node('b', 6), node('c', 0, false)],
    [node('a', 7), node('b', 7), node('c', 0, false)],
  ]
  const { region, client } = await clusterOf(rounds)
  t.teardown(() => region.stop())
  await waitForAll(client, 7, 5_000)
  t.equal(region.asked.length, 2)
})

t.test('who does not apply it in time is named', async (t) => {
  const { region, client } = await clusterOf([[node('a', 7), node('b', 6)]])
  t.teardown(() => region.stop())
  await t.rejects(waitForAll(client, 7, 1), { code: 'TIMEOUT', message: /but b did not apply/ })
})
