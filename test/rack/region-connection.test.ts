// A rack joins with a token, connects, talks; and is told clearly when it may not.
import t from 'tap'
import { formatToken, parseHostPort, parseToken } from '#protocol/token.ts'
import type { RegionToRack } from '#protocol/rack.ts'
import { makeCertificateRequest } from '#rack/certificate-request.ts'
import { enroll } from '#rack/enroll.ts'
import { connectRegion } from '#rack/region-connection.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'
import type { EnrollReply, EnrollRequest } from '#transport/links.ts'
import { fingerprint, signRequest } from '#transport/pki.ts'

const pki = await makeTestPki()
const other = await makeTestPki('other-cluster')
const secret = 'correct horse'
const onEnroll = async (request: EnrollRequest): Promise<EnrollReply> => {
  if (request.secret !== secret) return { ok: false, message: 'The token is not known here.' }
  const { certificateRequestPem: requestPem, rackId: id } = request
  const member = { kind: 'rack' as const, id, clusterId: pki.clusterId, hosts: [] }
  const certificatePem = await signRequest(pki.ca, { ...member, requestPem }, Date.now())
  return { ok: true, certificatePem, caPem: pki.ca.certificatePem, clusterId: pki.clusterId }
}
const region = await startTestTransport(await pki.member('region', 'b'), { onEnroll })
const { host, port } = region.transport.address
t.teardown(() => region.transport.close())
const own = { host, port, secret, rackId: 'abc123', hostname: 'rack-1', timeoutMs: 3_000 }
const caFingerprint = fingerprint(pki.ca.certificatePem)

t.test('from token to connected rack, both ways', async (t) => {
  const token = parseToken(
    formatToken({ clusterId: 'test-cluster', caFingerprint, secret, peers: [`${host}:${port}`] }),
  )
  const address = parseHostPort(token.peers[0]!)!
  const credentials = await enroll({ ...own, ...address, ...token })
  t.match(credentials, { clusterId: 'test-cluster', nodeId: 'abc123' })

  const got: RegionToRack[] = []
  const link = await connectRegion({
    credentials,
    host,
    port,
    timeoutMs: 3_000,
    onMessage: (message) => got.push(message),
    onClose: () => {},
  })
  t.equal(link.regionId, 'b')
  await until('rack is known', () => region.racks.length === 1)
  const rack = region.racks[0]!
  t.equal(rack.rackId, 'abc123')
  const asked: unknown[] = []
  rack.onMessage = (message) => asked.push(message)

  t.equal(link.send({ type: 'ping', sentAtMs: 12.5 }), true)
  await until('ping', () => asked.length === 1)
  t.strictSame(asked, [{ type: 'ping', sentAtMs: 12.5 }])
  t.equal(rack.send({ type: 'pong', sentAtMs: 12.5, hasLeader: true }), true)
  await until('pong', () => got.length === 1)
  t.strictSame(got, [{ type: 'pong', sentAtMs: 12.5, hasLeader: true }])

  let closed = false
  rack.onClose = () => (closed = true)
  link.close()
  await until('region sees the end', () => closed)
})

t.test('what a region sends with its welcome is not lost', async (t) => {
  const eager = await startTestTransport(await pki.member('region', 'e'))
  const pushed = setInterval(() => {
    const rack = eager.racks.shift()
    rack?.send({ type: 'goodbye' })
  }, 1)
  const got: RegionToRack[] = []
  const link = await connectRegion({
    credentials: await pki.member('rack', 'abc123'),
    ...eager.transport.address,
    timeoutMs: 3_000,
    onMessage: (message) => got.push(message),
    onClose: () => {},
  })
  await until('goodbye', () => got.length === 1)
  clearInterval(pushed)
  link.close()
  t.strictSame(got, [{ type: 'goodbye' }])
  await eager.transport.close()
})

t.test('a wrong secret is refused with the reason of the region', async (t) => {
  await t.rejects(enroll({ ...own, secret: 'guess', caFingerprint }), {
    code: 'UNAUTHENTICATED',
    message: 'The token is not known here.',
  })
})

t.test('a region of another cluster never sees the secret', async (t) => {
  const seen: EnrollRequest[] = []
  const stranger = await startTestTransport(await other.member('region', 'b'), {
    onEnroll: (request) => {
      seen.push(request)
      return Promise.resolve({ ok: false, message: 'thanks' })
    },
  })
  await t.rejects(enroll({ ...own, ...stranger.transport.address, caFingerprint }), {
    code: 'CERTIFICATE_INVALID',
    message: /not of the cluster that the token was made for/,
  })
  t.strictSame(seen, [])
  await stranger.transport.close()
})

t.test('a certificate for another rack is not accepted', async (t) => {
  const confused = await startTestTransport(await pki.member('region', 'b'), {
    onEnroll: (request) => onEnroll({ ...request, rackId: 'zzz999' }),
  })
  await t.rejects(enroll({ ...own, ...confused.transport.address, caFingerprint }), {
    code: 'CERTIFICATE_INVALID',
    message: /not ours/,
  })
  await confused.transport.close()
})

t.test('a certificate for a key that is not ours is not accepted', async (t) => {
  const { requestPem } = await makeCertificateRequest('abc123')
  const swapping = await startTestTransport(await pki.member('region', 'b'), {
    onEnroll: (request) => onEnroll({ ...request, certificateRequestPem: requestPem }),
  })
  await t.rejects(enroll({ ...own, ...swapping.transport.address, caFingerprint }), {
    code: 'CERTIFICATE_INVALID',
    message: /not ours/,
  })
  await swapping.transport.close()
})

t.test('enrolments are limited in rate; a connected rack does not notice', async (t) => {
  const limited = await startTestTransport(await pki.member('region', 'b'), {
    onEnroll,
    limits: { enrolmentsPerSecond: 1 },
  })
  const there = { ...own, ...limited.transport.address, caFingerprint }
  await enroll(there)
  await t.rejects(enroll(there), { code: 'OVERLOADED' })
  await limited.transport.close()
})

t.test('a handler that throws is a refusal without its inner text', async (t) => {
  const broken = await startTestTransport(await pki.member('region', 'b'), {
    onEnroll: () => Promise.reject(new Error('secret path /x')),
  })
  await t.rejects(enroll({ ...own, ...broken.transport.address, caFingerprint }), {
    code: 'UNAUTHENTICATED',
    message: 'The region failed to enrol it.',
  })
  await broken.transport.close()
})

t.test('a rack of another cluster is told CLUSTER_MISMATCH', async (t) => {
  const credentials = await other.member('rack', 'abc123')
  const options = { host, port, timeoutMs: 3_000, onMessage: () => {}, onClose: () => {} }
  await t.rejects(connectRegion({ credentials, ...options }), { code: 'CLUSTER_MISMATCH' })
})

t.test("a region's certificate does not make a rack", async (t) => {
  const credentials = await pki.member('region', 'abc123')
  const options = { host, port, timeoutMs: 3_000, onMessage: () => {}, onClose: () => {} }
  await t.rejects(connectRegion({ credentials, ...options }), { code: 'CERTIFICATE_INVALID' })
})

t.test('a region that is gone is ECONNREFUSED, a closed link tells onClose once', async (t) => {
  const gone = await startTestTransport(await pki.member('region', 'b'))
  let closes = 0
  const options = {
    credentials: await pki.member('rack', 'abc123'),
    ...gone.transport.address,
    timeoutMs: 3_000,
    onMessage: () => {},
    onClose: () => void closes++,
  }
  const link = await connectRegion(options)
  await gone.transport.close()
  await until('told', () => closes > 0)
  t.equal(closes, 1)
  t.equal(link.send({ type: 'ping', sentAtMs: 1 }), false)
  await t.rejects(connectRegion(options), { code: 'ECONNREFUSED' })
})
