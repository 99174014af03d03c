// The rack's own renewals, and its way back in when it was off past the end of its certificate.
import { X509Certificate } from 'node:crypto'
import t, { type Test } from 'tap'
import { systemClock, systemRandom, systemScheduler } from '#platform/system.ts'
import { obtainCredentials } from '#rack/join.ts'
import { RackCredentials } from '#rack/rack-credentials.ts'
import { RackDirectory } from '#rack/rack-directory.ts'
import type { EnrollReply } from '#transport/links.ts'
import { signRequest } from '#transport/pki.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { startTestTransport } from '#test/support/test-transport.ts'

const pki = await makeTestPki()
const { ca, clusterId } = pki
const DAY = 86_400_000

async function makeStage(t: Test, ageDays: number) {
  const sign = async (id: string, requestPem: string): Promise<EnrollReply> => {
    const member = { kind: 'rack' as const, id, clusterId, hosts: [], requestPem }
    const certificatePem = await signRequest(ca, member, Date.now())
    return { ok: true, certificatePem, caPem: ca.certificatePem, clusterId }
  }
  const proven: (string | null)[] = []
  const region = await startTestTransport(await pki.member('region', 'a'), {
    onRenew: ({ id, certificateRequestPem }) => sign(id, certificateRequestPem),
    onEnroll: ({ rackId, certificateRequestPem }, provenId) => {
      proven.push(provenId)
      return sign(rackId, certificateRequestPem)
    },
  })
  t.teardown(() => region.transport.close())
  const directory = await RackDirectory.open(await temporaryDirectory(t), systemRandom)
  const { rackId } = directory
  const first = await pki.member('rack', rackId, { wallMs: Date.now() - ageDays * DAY })
  await directory.setCredentials(first)
  const { logger, lines } = makeLogRecorder()
  const { host, port } = region.transport.address
  return { directory, first, proven, logger, lines, address: `${host}:${port}`, rackId }
}

function credentialsOf(stage: Awaited<ReturnType<typeof makeStage>>, regions: readonly string[]) {
  const { directory, first, logger } = stage
  const ports = { clock: systemClock, scheduler: systemScheduler, metrics: makeCountingMetrics() }
  const platform = { ...ports, logger }
  return new RackCredentials({ first, directory, platform, regions: () => regions })
}

const endOf = (pem: string): number => new X509Certificate(pem).validToDate.getTime()

t.test(
  'a rack gets its next certificate from the first region that gives it, and keeps it',
  async (t) => {
    const stage = await makeStage(t, 300)
    const credentials = credentialsOf(stage, ['127.0.0.1:1', stage.address])
    await credentials.duty().check()
    t.not(credentials.current.keyPem, stage.first.keyPem)
    t.ok(endOf(credentials.current.certificatePem) > Date.now() + 364 * DAY)
    const kept = await stage.directory.credentials()
    t.equal(kept?.certificatePem, credentials.current.certificatePem)
    t.equal(kept?.keyPem, credentials.current.keyPem)
  },
)

t.test('where none gives it the rack goes on with the one it has, and says so', async (t) => {
  const stage = await makeStage(t, 300)
  const credentials = credentialsOf(stage, ['127.0.0.1:1'])
  await credentials.duty().check()
  t.same(credentials.current, stage.first)
  t.equal(stage.lines.at(-1)?.event, 'certificate.renewal_failed')
})

t.test(
  'after the end the log has the remedy, and a token brings the same rack in again',
  async (t) => {
    const stage = await makeStage(t, 400)
    const credentials = credentialsOf(stage, [stage.address])
    await credentials.duty().check()
    const line = stage.lines.find(({ event }) => event === 'certificate.expired')
    t.match(line?.fields, { remedy: /region token --rack/, error: /expired on/ })

    const { directory, logger } = stage
    const how = { directory, hostname: 'h', clock: systemClock, logger }
    const without = await obtainCredentials({ ...how, join: null })
    t.equal(without.certificatePem, stage.first.certificatePem, 'it starts without a region too')
    const join = { regions: [stage.address], secret: 's', caFingerprint: null }
    const again = await obtainCredentials({ ...how, join })
    t.equal(again.nodeId, stage.rackId, 'the same rack')
    t.ok(endOf(again.certificatePem) > Date.now())
    t.same(stage.proven, [stage.rackId], 'it has shown that the id is its own')
    await obtainCredentials({ ...how, join })
    t.equal(stage.proven.length, 1, 'a good one is kept, token or not')
  },
)
