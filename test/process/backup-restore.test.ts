// A backup taken and restored under load, and a cluster recovered from its last node, on real processes: what
// was acknowledged before is there, and nothing of the old cluster has a part in the new one.
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type Bootstrapped,
  eventually,
  freePorts,
  ironraft,
  lastLine,
  listMachines,
  type Node,
  signed,
  TestCluster,
} from './support/cluster.ts'

t.setTimeout(400_000)

async function addMachine(node: Node, apiKey: string, number: number): Promise<boolean> {
  const mac = number
    .toString(16)
    .padStart(4, '0')
    .replace(/(..)(..)/, '$1:$2')
  const response = await fetch(`${node.api_url}/MAAS/api/2.0/machines/`, {
    method: 'POST',
    headers: signed(apiKey),
    body: new URLSearchParams({
      hostname: `m${number}`,
      architecture: 'amd64/generic',
      mac_addresses: `52:54:00:02:${mac}`,
    }),
    signal: AbortSignal.timeout(20_000),
  })
  await response.body?.cancel()
  return response.ok
}

/** Writes through all nodes in turn until stopped; `acknowledged` grows as answers come. */
function load({ nodes, admin }: Bootstrapped) {
  const acknowledged: string[] = []
  let stopped = false
  let number = 0
  const writer = async (): Promise<void> => {
    while (!stopped) {
      const own = ++number
      const node = nodes[own % nodes.length]!
      const ok = await addMachine(node, admin.api_key, own).catch(() => false)
      if (ok) acknowledged.push(`m${own}`)
    }
  }
  const writers = Promise.all([writer(), writer(), writer()])
  const stop = async (): Promise<void> => {
    stopped = true
    await writers
  }
  return { acknowledged, stop }
}

async function hostnames(node: Node, apiKey: string): Promise<ReadonlySet<string>> {
  return new Set((await listMachines(node, apiKey)).map(({ hostname }) => hostname))
}

function missing(names: readonly string[], from: ReadonlySet<string>): readonly string[] {
  return names.filter((name) => !from.has(name))
}

async function setUp(t: Test) {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  return { cluster, made: await cluster.bootstrap() }
}

t.test('a backup restored under load has every write acknowledged before it', async (t) => {
  const { cluster, made } = await setUp(t)
  const writing = load(made)
  t.teardown(writing.stop)
  await eventually('some load', 60, async () => writing.acknowledged.length >= 20 || undefined)
  const before = [...writing.acknowledged]
  const file = join(cluster.directory, '..', 'x.backup')
  const backup = await ironraft('region', 'backup', file, '--dir', cluster.directory, '--json')
  t.equal(backup.code, 0, backup.stderr)
  const described = JSON.parse(lastLine(backup.stdout))
  t.match(described, { file, cluster_id: made.cluster_id, sha256: /^[0-9a-f]{64}$/ })
  t.equal((await ironraft('region', 'backup', file, '--dir', cluster.directory)).code, 4)

  const ports = await freePorts(2)
  const directory = join(cluster.directory, '..', 'restored')
  const restore = ['region', 'restore', file, '--dir', directory, '--detach', '--json']
  const at = ['--api-port', String(ports), '--peer-port', String(ports + 1)]
  t.teardown(() => ironraft('region', 'stop', '--dir', directory))
  const restored = await ironraft(...restore, ...at)
  t.equal(restored.code, 0, restored.stderr)
  const fresh = JSON.parse(lastLine(restored.stdout)) as Bootstrapped
  t.same(Object.keys(fresh), Object.keys(made))
  t.not(fresh.cluster_id, made.cluster_id)
  t.equal(fresh.nodes.length, 1)
  const [node] = fresh.nodes
  const found = await hostnames(node!, fresh.admin.api_key)
  t.same(missing(before, found), [], `of ${before.length} acknowledged before the backup`)
  t.same(await hostnames(node!, made.admin.api_key), found, 'keys of users still work')
  t.ok(await addMachine(node!, fresh.admin.api_key, 60_000), 'it takes writes')
  t.equal((await ironraft(...restore, ...at)).code, 4, 'a used directory is refused')

  const onOld = writing.acknowledged.length
  await eventually('the old one goes on', 60, async () => {
    return writing.acknowledged.length > onOld || undefined
  })
  await writing.stop()
  t.same(missing(writing.acknowledged, await hostnames(made.nodes[0]!, made.admin.api_key)), [])
})

t.test('one node is enough for a new cluster with all that reached it', async (t) => {
  const { cluster, made } = await setUp(t)
  const writing = load(made)
  t.teardown(writing.stop)
  await eventually('some load', 60, async () => writing.acknowledged.length >= 20 || undefined)
  const survivor = await cluster.leader()
  const recover = ['region', 'recover', '--dir', cluster.directory, '--detach', '--json']
  const running = await ironraft(...recover, '--accept-data-loss', '--node', survivor.id)
  t.equal(running.code, 4, running.stderr)
  for (const { pid } of made.nodes) process.kill(pid, 'SIGKILL')
  await writing.stop()
  const acknowledged = [...writing.acknowledged]
  t.equal((await ironraft(...recover, '--accept-data-loss')).code, 2, 'which one must be said')
  for (const { id, data_dir } of made.nodes) {
    if (id !== survivor.id) await rm(data_dir, { recursive: true })
  }

  const asked = await ironraft(...recover)
  t.equal(asked.code, 2)
  t.match(asked.stderr, /lost: what was acknowledged without this node/)
  const listed = await readFile(join(cluster.directory, 'bootstrap.json'), 'utf8')
  t.match(listed, made.cluster_id, 'nothing was changed')

  const recovered = await ironraft(...recover, '--accept-data-loss')
  t.equal(recovered.code, 0, recovered.stderr)
  const fresh = JSON.parse(lastLine(recovered.stdout)) as Bootstrapped
  t.not(fresh.cluster_id, made.cluster_id)
  t.same(
    fresh.nodes.map((node) => node.api_url),
    [survivor.api_url],
  )
  const found = await hostnames(fresh.nodes[0]!, made.admin.api_key)
  t.same(missing(acknowledged, found), [], `of ${acknowledged.length} acknowledged`)
  t.ok(await addMachine(fresh.nodes[0]!, fresh.admin.api_key, 60_000), 'it takes writes')
  const status = await ironraft('region', 'status', '--dir', cluster.directory)
  t.equal(status.code, 0, 'the directory is the new cluster')
  t.ok((await stat(survivor.data_dir)).isDirectory(), 'the old node is left as evidence')
})
