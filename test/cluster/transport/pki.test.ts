// What the CA issues, seen by node:crypto and by our own check of names.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import t from 'tap'
import { certificateFingerprint, judgeCertificate, parseIdentity } from '#protocol/identity.ts'
import { makeCertificateRequest } from '#rack/certificate-request.ts'
import { fingerprint, issueMember, makeClusterCa, signRequest } from '#transport/pki.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-24T12:00:00Z')
const ca = await makeClusterCa('c1', NOW)
const authority = new X509Certificate(ca.certificatePem)
const member = {
  kind: 'region' as const,
  id: 'n1',
  clusterId: 'c1',
  hosts: ['192.0.2.1', 'r.example.org'],
}

t.test('the CA is a CA of twenty years and signs itself', async (t) => {
  t.equal(authority.ca, true)
  t.equal(authority.verify(authority.publicKey), true)
  t.equal(authority.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.ok(authority.validToDate.getTime() > NOW + 19 * 365 * DAY_MS)
  t.equal(
    fingerprint(ca.certificatePem),
    authority.fingerprint256.replaceAll(':', '').toLowerCase(),
  )
  t.equal(certificateFingerprint(authority), fingerprint(ca.certificatePem))
})

t.test('a member names kind, id, cluster and hosts, for a year, and is no CA', async (t) => {
  const issued = await issueMember(ca, member, NOW)
  const certificate = new X509Certificate(issued.certificatePem)
  t.strictSame(parseIdentity(certificate), { kind: 'region', id: 'n1', clusterId: 'c1' })
  t.equal(certificate.checkIssued(authority), true)
  t.equal(certificate.verify(authority.publicKey), true)
  t.equal(certificate.checkPrivateKey(createPrivateKey(issued.keyPem)), true)
  t.equal(certificate.ca, false)
  t.equal(certificate.checkIP('192.0.2.1'), '192.0.2.1')
  t.equal(certificate.checkHost('r.example.org'), 'r.example.org')
  t.ok(certificate.validFromDate.getTime() < NOW)
  t.equal(Math.round((certificate.validToDate.getTime() - NOW) / DAY_MS), 365)
})

t.test('serial numbers differ', async (t) => {
  const [one, two] = await Promise.all([issueMember(ca, member, NOW), issueMember(ca, member, NOW)])
  t.not(
    new X509Certificate(one.certificatePem).serialNumber,
    new X509Certificate(two.certificatePem).serialNumber,
  )
})

t.test("a rack's request is signed for the name the region decides, for its key", async (t) => {
  const { requestPem, keyPem } = await makeCertificateRequest('claims-another')
  const rack = { kind: 'rack' as const, id: 'abc123', clusterId: 'c1', hosts: [] }
  const certificate = new X509Certificate(await signRequest(ca, { ...rack, requestPem }, NOW))
  t.strictSame(parseIdentity(certificate), { kind: 'rack', id: 'abc123', clusterId: 'c1' })
  t.equal(certificate.checkPrivateKey(createPrivateKey(keyPem)), true)
  t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
})

t.test('a damaged request is BAD_REQUEST', async (t) => {
  const { requestPem } = await makeCertificateRequest('abc123')
  const rack = { kind: 'rack' as const, id: 'abc123', clusterId: 'c1', hosts: [] }
  const lines = requestPem.trim().split('\n')
  const der = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  der[der.length - 2] = (der[der.length - 2] ?? 0) ^ 1
  const body = der.toString('base64')
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`
  for (const each of ['', 'x', ca.certificatePem, forged]) {
    await t.rejects(signRequest(ca, { ...rack, requestPem: each }, NOW), { code: 'BAD_REQUEST' })
  }
})

t.test('names that are not ours are no identity', async (t) => {
  for (const id of ['', 'a b', 'x'.repeat(57), 'a/O=c2', 'a\nO=c2', 'ü']) {
    const issued = await issueMember(ca, { ...member, id }, NOW)
    t.equal(parseIdentity(new X509Certificate(issued.certificatePem)), undefined, id)
  }
  t.equal(parseIdentity(authority), undefined)
})

t.test('the verdict names the first thing that is wrong', async (t) => {
  const certificate = new X509Certificate((await issueMember(ca, member, NOW)).certificatePem)
  const judge = (authorizationError: string | null, clusterId = 'c1') => {
    return judgeCertificate({ certificate, authorizationError, clusterId })
  }
  t.strictSame(judge(null), { ok: true, identity: { kind: 'region', id: 'n1', clusterId: 'c1' } })
  t.match(judge('SELF_SIGNED_CERT_IN_CHAIN', 'c2'), { code: 'CLUSTER_MISMATCH' })
  t.match(judge(null, 'c2'), { ok: false, code: 'CLUSTER_MISMATCH' })
  t.match(judge('CERT_HAS_EXPIRED'), { code: 'CERTIFICATE_INVALID', message: /expired on/ })
  t.match(judge('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), { message: /not issued by this cluster's CA/ })
  t.match(judgeCertificate({ certificate: undefined, authorizationError: null, clusterId: 'c1' }), {
    code: 'CERTIFICATE_INVALID',
  })
})
