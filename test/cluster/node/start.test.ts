// One whole region node with its sockets: it makes the cluster exist, signs a rack in, pushes it its view,
// takes its commands, keeps boot files; and stops in good order.
import { createHash } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import type { RunningRegion } from '#node/start.ts'
import { startRegion } from '#node/start.ts'
import { makePlatform } from '#platform/system.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'
import { parseHostPort, parseToken } from '#protocol/token.ts'
import { enroll } from '#rack/enroll.ts'
import { connectRegion } from '#rack/region-connection.ts'
import { madeBy } from '#tools/cluster-directory.ts'
import { makeCluster } from '#tools/make-cluster.ts'

t.setTimeout(60_000)

const RACK_ID = 'rack23'

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function startOne(directory: string) {
  const peerPort = await freePort()
  const layout = {
    directory,
    nodeCount: 1,
    host: '127.0.0.1',
    apiPort: await freePort(),
    peerPort,
    advertise: null,
  }
  const cluster = await makeCluster(layout)
  const platform = makePlatform({ logLevel: 'error', writeLog: () => {} })
  const dir = join(directory, 'node-1')
  const start = (): Promise<RunningRegion> => startRegion({ dir, version: '0.0.1' }, platform)
  return { dir, start, token: parseToken(madeBy(cluster).rackToken) }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

t.test('a region node from its first start to a restart', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-start-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const { dir, start, token } = await startOne(directory)
  let running = await start()
  t.teardown(() => running.close())
  const { region } = running
  await until('the node is registered', () =>
    [...region.local().state.controllers.values()].some(({ kind }) => kind === 'region'),
  )
  t.equal(region.local().state.clusterId, token.clusterId)
  t.notOk(await exists(join(dir, 'initialise.json')), 'the first command is spent')

  const address = parseHostPort(token.peers[0] ?? '') ?? { host: '', port: 0 }
  const who = { rackId: RACK_ID, hostname: 'rack', timeoutMs: 5_000 }
  const { secret, caFingerprint } = token

  await t.test('a wrong secret is refused, the right one signs the rack in once', async (t) => {
    const wrong = enroll({ ...address, ...who, caFingerprint, secret: 'wrong' })
    await t.rejects(wrong, { code: 'UNAUTHENTICATED' })
    const foreign = enroll({ ...address, ...who, secret, caFingerprint: '0'.repeat(64) })
    await t.rejects(foreign, { code: 'CERTIFICATE_INVALID' }, 'its secret is not sent')
  })

  const credentials = await enroll({ ...address, ...who, caFingerprint, secret })
  const received: RegionToRack[] = []
  const link = await connectRegion({
    ...address,
    credentials: { ...credentials, incarnation: 1 },
    timeoutMs: 5_000,
    onMessage: (message) => void received.push(message),
    onClose: () => {},
  })
  const hello: RackToRegion = {
    type: 'hello',
    viewRevision: 0,
    register: {
      ...{ systemId: RACK_ID as never, hostname: 'rack', version: '1' },
      ...{ architecture: 'amd64/generic', cpuCount: 1, memoryMib: 512 },
      interfaces: [{ name: 'br0', mac: '52:54:00:00:00:01' as never, addresses: ['10.9.0.2/24'] }],
    },
  }

  await t.test(
    'a rack that says hello is registered, its subnet made, its view pushed',
    async (t) => {
      link.send(hello)
      await until('a view with the subnet', () =>
        received.some(
          (each) => each.type === 'viewReset' && each.rows.some(({ table }) => table === 'subnets'),
        ),
      )
      const { state } = region.local()
      t.equal(state.controllers.get(RACK_ID as never)?.connected, true)
      t.equal(received.filter(({ type }) => type === 'viewReset').length > 0, true)
      const taken = enroll({ ...address, ...who, caFingerprint, secret })
      await t.rejects(taken, { code: 'UNAUTHENTICATED' }, 'its id is taken now')
    },
  )

  await t.test(
    'a command of the rack is committed, then answered; a ping tells of a leader',
    async (t) => {
      const command = {
        ...{ type: 'event.record' as const, systemId: null, username: '', level: 'INFO' as const },
        ...{ eventType: 'test', description: 'from the rack' },
      }
      link.send({ type: 'request', id: 7, command })
      link.send({ type: 'ping', sentAtMs: 5 })
      await until('the reply', () => received.some(({ type }) => type === 'reply'))
      const reply = received.find((each) => each.type === 'reply')
      t.match(reply, { id: 7, reply: { ok: true, outcome: { ok: true } } })
      t.ok([...region.local().state.events.values()].some((e) => e.description === 'from the rack'))
      await until('the pong', () => received.some(({ type }) => type === 'pong'))
      t.match(
        received.find((each) => each.type === 'pong'),
        { sentAtMs: 5, hasLeader: true },
      )
    },
  )

  await t.test('a boot file is kept under its digest only', async (t) => {
    const bytes = Buffer.from('kernel')
    const digest = createHash('sha256').update(bytes).digest('hex')
    const { bootFiles } = running
    await t.rejects(bootFiles.put('0'.repeat(64), Readable.from(bytes)), { code: 'BAD_REQUEST' })
    await t.rejects(bootFiles.open('../../etc/passwd'), { code: 'BAD_REQUEST' })
    t.equal(await bootFiles.open(digest), undefined)
    await bootFiles.put(digest, Readable.from(bytes))
    t.equal((await bootFiles.open(digest))?.sizeBytes, 6)
  })

  await t.test('a graceful stop says goodbye, and the next start has everything', async (t) => {
    const { revision } = region.local()
    await running.close()
    await until('goodbye', () => received.some(({ type }) => type === 'goodbye'))
    running = await start()
    t.ok(running.region.local().revision >= revision)
    t.ok(running.region.local().state.controllers.get(RACK_ID as never))
  })
})
