// A whole rack over real connections: regions are the real transport with a fixed view behind it.
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makePlatform } from '#platform/system.ts'
import type { RackToRegion, ViewChange } from '#protocol/rack.ts'
import { inOwnOrder, RACK_DEFAULTS, type RackConfig, startRack } from '#rack/start.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { machineRow, settingsRow, viewReset } from '#test/support/rack-view.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'
import type { EnrollReply, EnrollRequest, RackLink } from '#transport/links.ts'
import { fingerprint, signRequest } from '#transport/pki.ts'

const pki = await makeTestPki()
const SECRET = 'correct horse'
const MAC = '52:54:00:ab:cd:ef'

async function onEnroll(request: EnrollRequest): Promise<EnrollReply> {
  if (request.secret !== SECRET) return { ok: false, message: 'The token is not known here.' }
  const { certificateRequestPem: requestPem, rackId: id } = request
  const member = { kind: 'rack' as const, id, clusterId: pki.clusterId, hosts: [] }
  const certificatePem = await signRequest(pki.ca, { ...member, requestPem }, Date.now())
  return { ok: true, certificatePem, caPem: pki.ca.certificatePem, clusterId: pki.clusterId }
}

/** Answers hellos with a view and pings with pongs, as `rack-service` does. */
async function makeRegion(t: Test, id: string) {
  const { transport, racks } = await startTestTransport(await pki.member('region', id), {
    onEnroll,
  })
  const { host, port } = transport.address
  const hellos: RackToRegion[] = []
  const region = {
    peer: `${host}:${port}`,
    hellos,
    links: racks,
    rows: [] as readonly ViewChange[],
    close: () => transport.close(),
  }
  const serve = (link: RackLink): void => {
    link.onMessage = (message) => {
      if (message.type === 'ping') {
        link.send({ type: 'pong', sentAtMs: message.sentAtMs, hasLeader: true })
      } else if (message.type === 'hello') {
        hellos.push(message)
        link.send(viewReset(10, region.rows))
      }
    }
  }
  const seen = new Set<RackLink>()
  const timer = setInterval(() => {
    for (const link of racks) if (!seen.has(link)) serve(link)
    for (const link of racks) seen.add(link)
  }, 1)
  t.teardown(async () => {
    clearInterval(timer)
    await transport.close()
  })
  return region
}

async function makeConfig(t: Test, regions: readonly string[]): Promise<RackConfig> {
  const caFingerprint = fingerprint(pki.ca.certificatePem)
  return {
    ...RACK_DEFAULTS,
    dir: await temporaryDirectory(t),
    bindAddress: '127.0.0.1',
    httpPort: 0,
    tftpPort: 0,
    bootFilesDir: '/nonexistent',
    version: '0.0.0',
    join: { regions, secret: SECRET, caFingerprint },
  }
}

async function startedRack(t: Test, config: RackConfig) {
  const lines: string[] = []
  const platform = makePlatform({ logLevel: 'debug', writeLog: (line) => lines.push(line) })
  const rack = await startRack(config, platform)
  let closed = false
  const close = async (): Promise<void> => {
    if (!closed) await rack.close()
    closed = true
  }
  t.teardown(close)
  const get = (path: string) => fetch(`http://127.0.0.1:${rack.httpPort}${path}`)
  const region = (): unknown => (rack.status()['link'] as { region: unknown }).region
  return { ...rack, close, get, region, lines }
}

t.test(
  'a rack joins, serves, moves, and boots known machines with no region in sight',
  async (t) => {
    const regions = [await makeRegion(t, 'region-a'), await makeRegion(t, 'region-b')]
    const peers = regions.map(({ peer }) => peer)
    const rows = [settingsRow({ regionPeers: peers }), machineRow('abc346', [MAC], 'local')]
    for (const region of regions) region.rows = rows
    const config = await makeConfig(t, peers.slice(0, 1))

    const rack = await startedRack(t, config)
    await until(
      'the view arrived',
      () => (rack.status()['view'] as { revision: number }).revision === 10,
    )
    t.match(await (await rack.get(`/ipxe.cfg-${MAC}`)).text(), 'sanboot')
    t.equal((await rack.get('/ipxe.cfg-52:54:00:00:00:01')).status, 404)
    t.match(await (await rack.get('/status')).json(), {
      rack_id: rack.rackId,
      cluster_id: pki.clusterId,
    })
    t.match(await (await rack.get('/metrics')).text(), 'ironraft_rack_http_requests_total')
    const [hello] = regions.flatMap(({ hellos }) => hellos)
    t.match(hello, { type: 'hello', register: { systemId: rack.rackId, version: '0.0.0' } })
    const services = rack.status()['services'] as Record<string, unknown>
    t.strictSame(services['dhcp'], [], 'no interface was named')
    t.strictSame(services['router_solicitations'], [])

    const followed = rack.region()
    const left = regions.find(({ peer }) => peer === followed)
    const other = regions.find((each) => each !== left)
    await left?.close()
    await until('it follows the learned region', () => rack.region() === other?.peer, 3_000)

    await rack.close()
    await other?.close()
    const alone = await startedRack(t, { ...config, join: null })
    t.equal(alone.rackId, rack.rackId, 'the same rack')
    t.match(await (await alone.get(`/ipxe.cfg-${MAC}`)).text(), 'sanboot', 'from the kept view')
    t.equal(alone.region(), null)
    t.match(alone.status(), { incarnation: 2, view: { revision: 10, age_ms: null } })
    t.strictSame((await readdir(config.dir)).toSorted(), [
      'credentials.json',
      'images',
      'rack.json',
      'view.json',
    ])
  },
)

t.test('a refused token ends the start with the region’s reason', async (t) => {
  const region = await makeRegion(t, 'region-a')
  const config = await makeConfig(t, [region.peer])
  const join = { regions: [region.peer], secret: 'guess', caFingerprint: null }
  await t.rejects(startRack({ ...config, join }, makePlatform({ writeLog: () => {} })), {
    code: 'UNAUTHENTICATED',
    message: 'The token is not known here.',
  })
})

t.test('a region of another cluster is not told the secret', async (t) => {
  const region = await makeRegion(t, 'region-a')
  const config = await makeConfig(t, [region.peer])
  const join = { regions: [region.peer], secret: SECRET, caFingerprint: '0'.repeat(64) }
  await t.rejects(startRack({ ...config, join }, makePlatform({ writeLog: () => {} })), {
    code: 'CERTIFICATE_INVALID',
  })
})

t.test('a new rack without a token says what it needs', async (t) => {
  const config = { ...(await makeConfig(t, [])), join: null }
  await t.rejects(startRack(config, makePlatform({ writeLog: () => {} })), { message: /--token/ })
})

t.test('the first region that answers is joined by', async (t) => {
  const region = await makeRegion(t, 'region-a')
  const rack = await startedRack(t, await makeConfig(t, ['127.0.0.1:9', region.peer]))
  t.ok(rack.lines.some((line) => line.includes('rack.enrolment_failed')))
})

t.test('a taken HTTP port ends the start, a TFTP port that cannot be had does not', async (t) => {
  const region = await makeRegion(t, 'region-a')
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  t.teardown(() => blocker.close())
  const address = blocker.address()
  const taken = typeof address === 'object' && address !== null ? address.port : 0
  const config = await makeConfig(t, [region.peer])
  const platform = makePlatform({ writeLog: () => {} })
  await t.rejects(startRack({ ...config, httpPort: taken }, platform), { code: 'ADDRESS_IN_USE' })

  const first = await startedRack(t, config)
  const second = await makeConfig(t, [region.peer])
  const rack = await startedRack(t, { ...second, tftpPort: first.tftpPort ?? 0 })
  t.equal(rack.tftpPort, null)
  t.match(
    rack.lines.find((line) => line.includes('rack.tftp_not_served')),
    /EADDRINUSE.*remedy/,
  )
})

t.test('a damaged view is no reason not to start', async (t) => {
  const region = await makeRegion(t, 'region-a')
  const config = await makeConfig(t, [region.peer])
  await writeFile(join(config.dir, 'view.json'), 'junk')
  const rack = await startedRack(t, config)
  t.ok(rack.lines.some((line) => line.includes('rack.view_file_damaged')))
})

t.test('racks prefer different regions, each always the same', (t) => {
  const peers = ['a:1', 'b:1', 'c:1']
  t.strictSame(inOwnOrder(peers, 'abc346'), inOwnOrder(peers.toReversed(), 'abc346'))
  const firsts = new Set(Array.from({ length: 40 }, (_, i) => inOwnOrder(peers, `rack-${i}`)[0]))
  t.equal(firsts.size, 3)
  t.end()
})
