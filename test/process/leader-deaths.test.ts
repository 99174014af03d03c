// The promise of idempotency keys, on real processes: every request ends in success, none is applied twice,
// whatever dies meanwhile.
import t from 'tap'
import { eventually, listMachines, type Node, signed, TestCluster } from './support/cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

const MACHINES = 5_000
const CLIENTS = 3
const LANES = 8
const DEATHS = 10

function macOf(number: number): string {
  const hex = number.toString(16).padStart(6, '0')
  return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`
}

/** Repeats one request under its key until it is answered with success, at this client's region. */
async function create(node: () => Node, apiKey: string, number: number): Promise<void> {
  const deadline = performance.now() + 60_000
  let last = ''
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${node().api_url}/MAAS/api/2.0/machines/`, {
        method: 'POST',
        headers: { ...signed(apiKey), 'idempotency-key': `machine-${number}` },
        body: new URLSearchParams({
          hostname: `m${number}`,
          architecture: 'amd64/generic',
          mac_addresses: macOf(number),
          power_type: 'manual',
        }),
        signal: AbortSignal.timeout(15_000),
      })
      last = `${response.status} ${await response.text()}`
      if (response.ok) return
      // Anything but "try again" is an answer, and the wrong one.
      if (response.status !== 503) throw new Refused(last)
    } catch (error) {
      if (error instanceof Refused) throw error
      last = String(error)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`machine ${number} was not created: ${last}`)
}

class Refused extends Error {}

t.test(
  '5,000 machines written through three regions while the leader is killed ten times',
  { timeout: 240_000 },
  async (t) => {
    const cluster = await TestCluster.make()
    t.teardown(() => cluster.remove())
    const { admin } = await cluster.bootstrap()
    let next = 0
    const writing = Array.from({ length: CLIENTS * LANES }, async (_, lane) => {
      const node = (): Node => {
        const chosen = cluster.now.nodes[lane % CLIENTS]
        if (chosen === undefined) throw new Error('three nodes were asked for')
        return chosen
      }
      while (next < MACHINES) {
        const number = next++
        await create(node, admin.api_key, number)
      }
    })
    const written = Promise.all(writing)
    let deaths = 0
    const killing = async (): Promise<void> => {
      while (deaths < DEATHS) {
        // Spread over the run: the next death waits until its share of the machines is under way.
        await eventually(`death ${deaths + 1}`, 120, async () =>
          next >= ((deaths + 0.5) * MACHINES) / DEATHS ? true : undefined,
        )
        const leader = await cluster.leader()
        process.kill(leader.pid, 'SIGKILL')
        deaths++
        await cluster.bootstrap()
      }
    }
    await Promise.all([written, killing()])
    t.equal(deaths, DEATHS, 'the leader was killed ten times')
    const lists = await Promise.all(
      cluster.now.nodes.map((node) => listMachines(node, admin.api_key)),
    )
    const expected = Array.from({ length: MACHINES }, (_, number) => `m${number}`).toSorted()
    for (const list of lists) {
      t.same(list.map(({ hostname }) => hostname).toSorted(), expected, 'each machine once')
    }
    const ids = lists.map((list) => list.map(({ system_id: id }) => id).toSorted())
    t.same(ids[1], ids[0])
    t.same(ids[2], ids[0])
  },
)
