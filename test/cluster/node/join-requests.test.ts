// A stranger with the secret of a region token becomes a region node; the log decides, once.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { secretDigest } from '#node/enroll.ts'
import { makeJoiner } from '#node/join-requests.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import type { JoinRequest } from '#protocol/join.ts'
import { makeRequest } from '#transport/pki.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise } from '#test/support/region-state.ts'

const pki = await makeTestPki('c1')
const own = await pki.member('region', 'region')
const key = await makeRequest()
const ID = 'node04' as SystemId

async function makeStage(options: { readonly canSign: boolean } = { canSign: true }) {
  const clock = makeFakeClock()
  const region = new MemoryRegion(clock, initialise())
  const { logger, lines } = makeLogRecorder()
  const caKeyPem = options.canSign ? pki.ca.keyPem : null
  const join = makeJoiner({ region, credentials: () => ({ ...own, caKeyPem }), clock, logger })
  const token = { type: 'token.create', digest: secretDigest('s'), kind: 'region' } as const
  await region.propose({ ...token, lifetimeMs: 3_600_000 }, { actor: SYSTEM_ACTOR })
  return { clock, region, lines, join }
}

function request(change: Partial<JoinRequest> = {}): JoinRequest {
  const address = { host: '192.0.2.4', port: 5250, apiUrl: 'http://192.0.2.4:5240' }
  const { requestPem: certificateRequestPem } = key
  return { secret: 's', certificateRequestPem, nodeId: ID, ...address, ...change }
}

t.test(
  'the right secret makes a region: certificate, CA with its key, and everybody’s address',
  async (t) => {
    const { region, join } = await makeStage()
    const reply = await join(request())
    if (!reply.ok) throw new Error(reply.message)
    const certificate = new X509Certificate(reply.certificatePem)
    t.ok(certificate.verify(new X509Certificate(reply.caPem).publicKey))
    t.ok(certificate.checkPrivateKey(createPrivateKey(key.keyPem)))
    t.equal(reply.caKeyPem, pki.ca.keyPem)
    t.match(reply.members, [{ id: ID, host: '192.0.2.4', port: 5250 }])
    t.same(reply.voters, ['region-1'])
    t.equal(region.local().state.members.get(ID)?.status, 'joining')
  },
)

t.test(
  'asked again with the same key it answers the same, with another one it refuses',
  async (t) => {
    const { join } = await makeStage()
    t.equal((await join(request())).ok, true)
    t.equal((await join(request())).ok, true)
    const { requestPem } = await makeRequest()
    const other = await join(request({ certificateRequestPem: requestPem }))
    t.match(other, { ok: false, retry: false, message: /in use/ })
    t.match(await join(request({ nodeId: 'node05', port: 1 })), { message: /used already/ })
  },
)

t.test('what is malformed is refused before anything is proposed', async (t) => {
  const { region, join } = await makeStage()
  const before = region.proposed.length
  const cases = [
    { change: { nodeId: 'node 4' }, message: /six letters/ },
    { change: { host: '' }, message: /address/ },
    { change: { port: 70_000 }, message: /address/ },
    { change: { apiUrl: 'nonsense' }, message: /URL/ },
    { change: { certificateRequestPem: 'x' }, message: /malformed/ },
  ]
  for (const { change, message } of cases) {
    t.match(await join(request(change)), { ok: false, retry: false, message })
  }
  t.equal(region.proposed.length, before)
})

t.test(
  'a wrong secret, a region that cannot sign and one without a quorum let nobody in',
  async (t) => {
    const { region, join } = await makeStage()
    t.match(await join(request({ secret: 'guess' })), {
      ok: false,
      retry: false,
      message: /not known/,
    })
    region.failWith('NO_QUORUM')
    t.match(await join(request()), { ok: false, retry: true })
    const silent = await makeStage({ canSign: false })
    t.match(await silent.join(request()), { ok: false, retry: true, message: /ask another/ })
    t.equal(silent.region.local().state.members.size, 0)
  },
)
