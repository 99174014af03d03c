// Members come and go on real processes while clients write: no acknowledged write is lost, none is applied
// twice.
import t from 'tap'
import { eventually, ironraft, listMachines, type Node } from './support/cluster.ts'
import { GrowingCluster, Load } from './support/growing.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

async function isGone(pid: number): Promise<true | undefined> {
  try {
    process.kill(pid, 0)
    return undefined
  } catch {
    return true
  }
}

const idsOf = (nodes: readonly Node[]): readonly string[] => nodes.map(({ id }) => id).toSorted()

t.test(
  'under load: 1 → 3 → 5 nodes, a killed one is replaced, the leader is removed',
  { timeout: 280_000 },
  async (t) => {
    const cluster = await GrowingCluster.make(6)
    t.teardown(() => cluster.close())
    await cluster.init()
    const load = new Load(cluster, 3)
    const written = async (what: string): Promise<void> => {
      const before = load.acknowledged.length
      const more = async () => (load.acknowledged.length > before + 20 ? true : undefined)
      t.ok(await eventually(`writes ${what}`, 30, more), `writes go on ${what}`)
    }
    for (const size of [2, 3, 4, 5]) {
      await cluster.join()
      t.same((await cluster.voters()).toSorted(), idsOf(cluster.nodes), `${size} voters`)
      await written(`with ${size} nodes`)
    }

    const leader = await cluster.leader()
    const victim = cluster.nodes.find((node) => node !== leader)
    if (leader === undefined || victim === undefined) throw new Error('five nodes are up')
    process.kill(victim.pid, 'SIGKILL')
    await written('while one of five is dead')
    await cluster.remove(victim)
    await cluster.join()
    t.same((await cluster.voters()).toSorted(), idsOf(cluster.nodes), 'five voters again')
    await written('after it was replaced')

    const first = await eventually('a leader', 20, () => cluster.leader())
    await cluster.remove(first)
    t.ok(await eventually('its process ends', 20, () => isGone(first.pid)))
    const second = await eventually('another leader', 20, () => cluster.leader())
    t.not(second.id, first.id)
    await written('under the next leader')

    await load.stop()
    t.same((await cluster.voters()).toSorted(), idsOf(cluster.nodes), 'four voters')
    const expected = load.acknowledged.toSorted()
    for (const node of cluster.nodes) {
      const machines = await listMachines(node, cluster.apiKey)
      const names = machines.map(({ hostname }) => hostname).toSorted()
      t.same(names, expected, `${node.id} has each acknowledged write once`)
    }
    t.comment(`${expected.length} writes`)
  },
)

t.test('a token is good once; what cannot be done is refused with its reason', async (t) => {
  const cluster = await GrowingCluster.make(4)
  t.teardown(() => cluster.close())
  await cluster.init()
  await cluster.join()
  const [first, second] = cluster.nodes
  if (first === undefined || second === undefined) throw new Error('two nodes are up')
  const url = ['--url', first.api_url]
  const ran = async (...args: readonly string[]) => ironraft('region', ...args)

  t.match(await ran('remove', 'nobody', ...url), { code: 3 })
  t.match(await ran('transfer', 'nobody', ...url), { code: 3 })
  t.match(await ran('transfer', second.id, ...url, '--json'), { code: 0, stdout: second.id })
  t.match(await ran('join', 'nonsense', '--host', '127.0.0.1'), {
    code: 1,
    stderr: /not a .*token/,
  })
  const token = (await ran('token', ...url)).stdout.trim()
  const place = (at: number, port: number): string[] => [
    ...['--dir', `${cluster.directory}/${at}`, '--host', '127.0.0.1', '--detach'],
    ...['--api-port', String(port), '--peer-port', String(port + 1)],
  ]
  // Its port is taken: refused before the token is shown to anybody.
  const busy = Number(new URL(first.api_url).port)
  t.match(await ran('join', token, ...place(8, busy)), { code: 4, stderr: /in use/ })

  process.kill(second.pid, 'SIGKILL')
  const noQuorum = async () => {
    const tried = await ran('remove', second.id, ...url)
    return tried.code === 7 ? tried : undefined
  }
  t.match((await eventually('no quorum', 20, noQuorum)).stderr, /no leader/)
})
