// How a region node comes to its next certificate: by the CA's key, or from a region that has it.
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { NodeCredentials } from '#node/node-credentials.ts'
import type { NodeFile } from '#node/node-file.ts'
import { systemScheduler } from '#platform/system.ts'
import type { HostPort } from '#protocol/token.ts'
import type { Credentials, EnrollReply, MemberRenewal } from '#transport/links.ts'
import { signRequest } from '#transport/pki.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { startTestTransport } from '#test/support/test-transport.ts'

const pki = await makeTestPki()
const { ca, clusterId } = pki
const DAY = 86_400_000
const node = {
  ...{ version: 1, clusterId, nodeId: 'a', host: '127.0.0.1', apiPort: 1, peerPort: 2 },
  ...{ peers: [], firstVoters: [] },
} as NodeFile

async function makeStage(
  t: Test,
  how: { readonly ageDays: number; readonly canSign: boolean; readonly regions?: HostPort[] },
) {
  const directory = await temporaryDirectory(t)
  const { logger, lines } = makeLogRecorder()
  const member = await pki.member('region', 'a', { wallMs: Date.now() - how.ageDays * DAY })
  const credentials = new NodeCredentials({
    ...{ directory, node, regions: () => how.regions ?? [] },
    first: { ...member, caKeyPem: how.canSign ? ca.keyPem : null },
    platform: {
      clock: { monotonicMs: () => 0, wallMs: () => Date.now() },
      scheduler: systemScheduler,
      logger,
      metrics: makeCountingMetrics(),
    },
  })
  const told: Credentials[] = []
  t.teardown(() => credentials.close())
  return {
    directory,
    lines,
    member,
    credentials,
    told,
    tell: (next: Credentials) => told.push(next),
  }
}

t.test('a node that was off for too long signs its own before it listens', async (t) => {
  const { directory, member, credentials } = await makeStage(t, { ageDays: 400, canSign: true })
  t.ok(credentials.expiresMs() < Date.now(), 'it has expired')
  await credentials.beforeListening()
  t.ok(credentials.expiresMs() > Date.now() + 364 * DAY)
  const { certificatePem, keyPem } = credentials.current
  t.not(keyPem, member.keyPem, 'a new key too')
  const file = await readFile(join(directory, 'pki', 'node.pem'), 'utf8')
  t.match(file, certificatePem.trim())
  t.match(file, keyPem.trim())
  const certificate = new X509Certificate(certificatePem)
  t.ok(certificate.verify(new X509Certificate(ca.certificatePem).publicKey))
  t.match(certificate.subject, 'region:a')
})

t.test(
  'who must know is told once it is on disk, and not of one that could not be kept',
  async (t) => {
    const stage = await makeStage(t, { ageDays: 300, canSign: true })
    stage.credentials.start((next) => void stage.tell(next))
    await stage.credentials.close()
    t.same(stage.told, [stage.credentials.current])

    const broken = await makeStage(t, { ageDays: 300, canSign: true })
    const unwritable = new NodeCredentials({
      ...{ directory: '/dev/null/none', node, regions: () => [] },
      first: { ...broken.member, caKeyPem: ca.keyPem },
      platform: {
        clock: { monotonicMs: () => 0, wallMs: () => Date.now() },
        scheduler: systemScheduler,
        ...{ logger: makeLogRecorder().logger, metrics: makeCountingMetrics() },
      },
    })
    unwritable.start((next) => void broken.tell(next))
    await unwritable.close()
    t.same(broken.told, [], 'a key that would be lost at the next start is not used')
    t.equal(unwritable.current.keyPem, broken.member.keyPem)
  },
)

t.test('without the CA’s key it asks the others, one after the other', async (t) => {
  const asked: MemberRenewal[] = []
  const region = await startTestTransport(await pki.member('region', 'b'), {
    onRenew: async (renewal): Promise<EnrollReply> => {
      asked.push(renewal)
      const certificatePem = await signRequest(
        ca,
        { ...renewal, clusterId, hosts: [], requestPem: renewal.certificateRequestPem },
        Date.now(),
      )
      return { ok: true, certificatePem, caPem: ca.certificatePem, clusterId }
    },
  })
  t.teardown(() => region.transport.close())
  const regions = [{ host: '127.0.0.1', port: 1 }, region.transport.address]
  const stage = await makeStage(t, { ageDays: 300, canSign: false, regions })
  await stage.credentials.beforeListening()
  t.equal(asked.length, 0, 'not before it is known to anybody')
  stage.credentials.start((next) => void stage.tell(next))
  await stage.credentials.close()
  t.match(asked, [{ kind: 'region', id: 'a', lifetimeMs: 365 * DAY }])
  t.ok(stage.credentials.expiresMs() > Date.now() + 364 * DAY)
  t.same(stage.told, [stage.credentials.current])
})

t.test('without the CA’s key and after the end there is a remedy in the log', async (t) => {
  const region = await startTestTransport(await pki.member('region', 'b'))
  t.teardown(() => region.transport.close())
  const regions = [region.transport.address]
  const { lines, credentials } = await makeStage(t, { ageDays: 400, canSign: false, regions })
  credentials.start(() => {})
  await credentials.close()
  const line = lines.find(({ event }) => event === 'certificate.expired')
  t.match(line?.fields, { remedy: /ca\.key/, error: /The certificate expired on/ })
})
