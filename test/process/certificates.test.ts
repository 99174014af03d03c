// Certificates that live half a minute, on real processes: three regions and a rack go on serving while each of
// them gets another one and the first ones end, and nobody is started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { parseHostPort } from '#protocol/token.ts'
import {
  type Bootstrapped,
  eventually,
  freePorts,
  ironraft,
  lastLine,
  LAUNCH,
  listMachines,
  type Node,
  signed,
  TestCluster,
} from './support/cluster.ts'

t.setTimeout(300_000)
const LIFETIME = '30s'

type RackStatus = {
  readonly certificate_expires: string
  readonly link: { readonly region: string | null }
}

async function addMachine(base: string, apiKey: string, number: number): Promise<boolean> {
  const mac = number
    .toString(16)
    .padStart(4, '0')
    .replace(/(..)(..)/, '$1:$2')
  const response = await fetch(`${base}/MAAS/api/2.0/machines/`, {
    method: 'POST',
    headers: signed(apiKey),
    body: new URLSearchParams({
      hostname: `m${number}`,
      architecture: 'amd64/generic',
      mac_addresses: `52:54:00:03:${mac}`,
    }),
    signal: AbortSignal.timeout(20_000),
  })
  await response.body?.cancel()
  return response.ok
}

/** Writes through each of `bases` in turn; `acknowledged` is in order. */
function load(bases: readonly string[], apiKey: string) {
  const acknowledged: { readonly name: string; readonly base: string; readonly atMs: number }[] = []
  let stopped = false
  const writing = (async () => {
    for (let number = 1; !stopped; number++) {
      const base = bases[number % bases.length]!
      const ok = await addMachine(base, apiKey, number).catch(() => false)
      if (ok) acknowledged.push({ name: `m${number}`, base, atMs: Date.now() })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  const stop = async (): Promise<void> => {
    stopped = true
    await writing
  }
  return { acknowledged, stop }
}

async function startRack(t: Test, token: string, directory: string): Promise<string> {
  const port = await freePorts(2)
  const child: ChildProcess = spawn(
    'node',
    [
      ...[LAUNCH, 'rack', 'start', '--token', token, '--dir', directory, '--json'],
      ...['--http-port', String(port), '--tftp-port', String(port + 1)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.teardown(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  })
  const base = `http://127.0.0.1:${port}`
  await eventually('the rack', 60, async () =>
    (await fetch(`${base}/status`)).ok ? true : undefined,
  )
  return base
}

async function rackStatus(base: string): Promise<RackStatus> {
  const response = await fetch(`${base}/status`, { signal: AbortSignal.timeout(5_000) })
  return (await response.json()) as RackStatus
}

/** What a new connection is shown. */
function endOfShown(node: Node): Promise<number> {
  const { host, port } = parseHostPort(node.peer_address)!
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.validToDate.getTime() ?? 0)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

async function endsOf(cluster: TestCluster, rack: string): Promise<readonly number[]> {
  const { nodes } = await cluster.status()
  const ends = nodes.map((node) => Date.parse(node.certificate_expires ?? ''))
  return [...ends, Date.parse((await rackStatus(rack)).certificate_expires)]
}

async function setUp(t: Test): Promise<{ cluster: TestCluster; made: Bootstrapped }> {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  return { cluster, made: await cluster.bootstrap('--certificate-lifetime', LIFETIME) }
}

t.test('regions and a rack serve past the end of their first certificates', async (t) => {
  const { cluster, made } = await setUp(t)
  const rack = await startRack(t, made.rack_token, join(cluster.directory, '..', 'rack'))
  const bases = [...made.nodes.map((node) => node.api_url), rack]
  const writing = load(bases, made.admin.api_key)
  t.teardown(writing.stop)
  const first = await eventually('all ends', 30, async () => {
    const ends = await endsOf(cluster, rack)
    return ends.every(Number.isFinite) ? ends : undefined
  })
  t.equal(first.length, 4)
  const lastEnd = Math.max(...first)
  const passed = async (): Promise<true | undefined> => (Date.now() > lastEnd ? true : undefined)
  await eventually('the end of the first certificates', 60, passed)
  const since = Date.now()
  const later = await endsOf(cluster, rack)
  t.same(
    later.map((end) => end > since),
    [true, true, true, true],
    'each has another one',
  )
  for (const base of bases) {
    const more = async (): Promise<true | undefined> =>
      writing.acknowledged.some((one) => one.base === base && one.atMs > since) || undefined
    t.ok(await eventually(`a write through ${base}`, 30, more))
  }
  for (const node of made.nodes) t.ok((await endOfShown(node)) > since, 'shown to a newcomer')
  const { nodes } = await cluster.status()
  t.same(
    nodes.map(({ id, pid }) => `${id} ${pid}`).toSorted(),
    made.nodes.map(({ id, pid }) => `${id} ${pid}`).toSorted(),
    'the same processes',
  )
  t.not((await rackStatus(rack)).link.region, null)

  await t.test(
    'one that is started again finds the others, and the rack another region',
    async (t) => {
      const { region } = (await rackStatus(rack)).link
      const followed = made.nodes.find(({ peer_address: address }) => address === region)
      if (followed === undefined) throw new Error('the rack follows a region')
      process.kill(followed.pid, 'SIGKILL')
      const moved = async (): Promise<true | undefined> => {
        const { link } = await rackStatus(rack)
        return (link.region !== null && link.region !== region) || undefined
      }
      t.ok(await eventually('another region', 30, moved), 'connections of today work')
      await cluster.bootstrap()
      const whole = async (): Promise<true | undefined> => {
        const status = await cluster.status()
        return status.nodes.every(({ reachable, lag }) => reachable && lag < 50) || undefined
      }
      t.ok(await eventually('three regions', 60, whole))
    },
  )

  await writing.stop()
  const found = new Set(
    (await listMachines(cluster.now.nodes[0]!, made.admin.api_key)).map(({ hostname }) => hostname),
  )
  const missing = writing.acknowledged.filter(({ name }) => !found.has(name))
  t.same(missing, [], `of ${writing.acknowledged.length} acknowledged`)
  const log = await readFile(join(made.nodes[0]!.data_dir, 'log.jsonl'), 'utf8')
  t.match(log, 'certificate.renewed')
})

t.test('nodes that were off past the end come back by themselves, or by a command', async (t) => {
  const { cluster, made } = await setUp(t)
  await ironraft('region', 'stop', '--dir', cluster.directory)
  const [lost] = made.nodes
  const renew = ['region', 'renew', '--dir', cluster.directory, '--json']
  t.equal((await ironraft(...renew)).code, 2 + 2, 'which one must be said')
  const damaged = await ironraft(...renew, '--node', lost!.id, '--certificate-lifetime', '1d')
  t.equal(damaged.code, 0, damaged.stderr)
  const { expires } = JSON.parse(lastLine(damaged.stdout)) as { readonly expires: string }
  t.ok(Date.parse(expires) > Date.now() + 3_600_000)
  const end = Date.now() + 31_000
  await eventually('the end of the others', 60, async () => Date.now() > end || undefined)
  const again = await cluster.bootstrap()
  t.equal(again.nodes.length, 3)
  const running = await ironraft(...renew, '--node', lost!.id)
  t.match(running.stderr, /renews its certificate by itself/)
  t.ok(await addMachine(again.nodes[0]!.api_url, made.admin.api_key, 1), 'it takes writes')
})
