// The command-line contract of the bootstrap on real processes (README, "Three regions").
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import {
  eventually,
  freePorts,
  ironraft,
  lastLine,
  listMachines,
  signed,
  TestCluster,
} from './support/cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

const KEYS = ['admin', 'cluster_id', 'nodes', 'rack_token']

/** A process that ended but was not yet reaped by its parent does not run. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX] /.test(stat)
}

async function addMachine(apiUrl: string, apiKey: string, number: number): Promise<number> {
  const response = await fetch(`${apiUrl}/MAAS/api/2.0/machines/`, {
    method: 'POST',
    headers: signed(apiKey),
    body: new URLSearchParams({
      hostname: `kept${number}`,
      architecture: 'amd64/generic',
      mac_addresses: `52:54:00:00:01:${number.toString(16).padStart(2, '0')}`,
    }),
  })
  return response.status
}

t.test('bootstrap, status and stop obey their contract', { timeout: 120_000 }, async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const first = await cluster.bootstrap()
  t.same(Object.keys(first).toSorted(), KEYS)
  t.equal(first.nodes.length, 3)
  for (const node of first.nodes) {
    t.same(Object.keys(node).toSorted(), ['api_url', 'data_dir', 'id', 'peer_address', 'pid'])
  }
  t.match(first.admin.api_key, /^[^:]{18}:[^:]{18}:[^:]{32}$/)

  await eventually('three reachable nodes', 10, async () => {
    const status = await cluster.status()
    return status.nodes.every((node) => node.reachable) ? status : undefined
  })
  const status = await cluster.status()
  t.equal(status.cluster_id, first.cluster_id)
  t.ok(status.nodes.some(({ id }) => id === status.leader))
  t.equal((await ironraft('region', 'status', '--dir', cluster.directory)).code, 0)

  t.test('a second bootstrap starts nothing and prints the same', async (t) => {
    t.same(await cluster.bootstrap(), first)
  })

  t.test('SIGKILL of all three loses nothing acknowledged', async (t) => {
    for (let number = 0; number < 20; number++) {
      const node = first.nodes[number % 3]
      t.equal(await addMachine(node?.api_url ?? '', first.admin.api_key, number), 200)
    }
    for (const { pid } of cluster.now.nodes) process.kill(pid, 'SIGKILL')
    t.equal((await ironraft('region', 'status', '--dir', cluster.directory)).code, 7)
    const again = await cluster.bootstrap()
    t.equal(again.cluster_id, first.cluster_id)
    t.notSame(
      again.nodes.map(({ pid }) => pid),
      first.nodes.map(({ pid }) => pid),
    )
    for (const node of again.nodes) {
      const machines = await listMachines(node, first.admin.api_key)
      t.equal(machines.length, 20)
    }
  })

  t.test('stop ends every process, and status then says there is no quorum', async (t) => {
    t.equal((await ironraft('region', 'stop', '--dir', cluster.directory)).code, 0)
    for (const { pid } of cluster.now.nodes) t.notOk(await isRunning(pid))
    const ran = await ironraft('region', 'status', '--dir', cluster.directory, '--json')
    t.equal(ran.code, 7)
    t.equal(JSON.parse(lastLine(ran.stdout)).cluster_id, first.cluster_id)
  })
})

t.test('a busy port is one clear line and damages nothing', { timeout: 60_000 }, async (t) => {
  const port = await freePorts(3)
  const squatter = createServer().listen(port + 1, '127.0.0.1')
  t.teardown(() => squatter.close())
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const ran = await ironraft(
    ...['region', 'bootstrap', '--dir', cluster.directory, '--api-port', String(port)],
    ...['--peer-port', String(await freePorts(3)), '--detach'],
  )
  t.not(ran.code, 0)
  t.equal(ran.stderr.trim().split('\n').length, 1)
  t.match(ran.stderr, new RegExp(`${port + 1}`))
  await cluster.bootstrap()
})

t.test('a directory that holds something else is refused', { timeout: 60_000 }, async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const foreign = join(cluster.directory, '..')
  await writeFile(join(foreign, 'letter.txt'), 'not a cluster')
  const ran = await ironraft('region', 'bootstrap', '--dir', foreign, '--detach')
  t.not(ran.code, 0)
  t.equal(ran.stderr.trim().split('\n').length, 1)
})
