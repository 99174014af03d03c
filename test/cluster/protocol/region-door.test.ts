// Asking a region for a certificate: who is believed, and what is taken for an answer.
import { Duplex } from 'node:stream'
import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { encodeGreeting, type Greeting } from '#protocol/hello.ts'
import { certificateFingerprint } from '#protocol/identity.ts'
import { askOnce, checkIssued, verifyRegion } from '#protocol/region-door.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'

const pki = await makeTestPki()
const ca = new X509Certificate(pki.ca.certificatePem)
const region = await pki.member('region', 'a')
const rack = await pki.member('rack', 'r')
const caFingerprint = certificateFingerprint(ca)

const shows = (pem: string, issuer: X509Certificate | undefined = ca) => ({
  getPeerCertificate: () => ({ raw: new X509Certificate(pem).raw, issuerCertificate: issuer }),
})
const CODE = { code: 'CERTIFICATE_INVALID' }

t.test(
  'a region is believed by the fingerprint of its CA, and only while it is valid',
  async (t) => {
    const wallMs = Date.now()
    t.same(verifyRegion(shows(region.certificatePem), { caFingerprint, wallMs }).raw, ca.raw)
    const late = wallMs + 400 * 86_400_000
    const cases = [
      { shown: shows(region.certificatePem), known: { caFingerprint, wallMs: late } },
      { shown: shows(region.certificatePem), known: { caFingerprint: 'f'.repeat(64), wallMs } },
      { shown: shows(rack.certificatePem), known: { caFingerprint, wallMs } },
      { shown: { getPeerCertificate: () => ({}) }, known: { caFingerprint, wallMs } },
    ]
    for (const { shown, known } of cases) t.throws(() => verifyRegion(shown, known), CODE)
  },
)

/** A stream whose other end answers each question with `answer`. */
function answering(answer: Greeting | null): Duplex {
  const [near, far] = pair()
  const options = { frameBytesMax: 65_536, queueBytesMax: 65_536, queueMessagesMax: 4 }
  const connection = new FramedConnection(far, options)
  connection.onFrame = () => {
    if (answer !== null) connection.sendFrame(encodeGreeting(answer))
    connection.close()
  }
  return near
}

function pair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = []
  const make = (other: number): Duplex =>
    new Duplex({
      read: () => {},
      write: (chunk: Buffer, _, done) => {
        ends[other]?.push(chunk)
        done()
      },
      final: (done) => {
        ends[other]?.push(null)
        done()
      },
    })
  ends.push(make(1), make(0))
  return [ends[0]!, ends[1]!]
}

t.test('an answer of the type that was asked for; refusals and others are said', async (t) => {
  const question: Greeting = { type: 'snapshotFrom', bytes: 1 }
  const answer: Greeting = { type: 'enrolled', reply: { ok: false, message: 'no' } }
  const refused: Greeting = { type: 'refused', code: 'OVERLOADED', message: 'later' }
  t.same(await askOnce(answering(answer), question, 'enrolled'), answer)
  await t.rejects(askOnce(answering(answer), question, 'joined'), { code: 'PROTOCOL' })
  const busy = askOnce(answering(refused), question, 'enrolled')
  await t.rejects(busy, { code: 'OVERLOADED', message: 'later' })
  await t.rejects(askOnce(answering(null), question, 'enrolled'), { code: 'PROTOCOL' })
})

t.test('what was handed out must be of this CA, for this key and this name', async (t) => {
  const own = { ca, keyPem: rack.keyPem, kind: 'rack' as const, id: 'r' }
  const { certificatePem, caPem, clusterId } = rack
  const good = { certificatePem, caPem, clusterId }
  checkIssued(good, own)
  checkIssued({ ...good, caKeyPem: pki.ca.keyPem }, own)
  const other = await makeTestPki()
  const foreign = await other.member('rack', 'r')
  const cases = [
    { ...good, certificatePem: foreign.certificatePem },
    { ...good, certificatePem: 'damaged' },
    { ...good, caPem: foreign.caPem },
    { ...good, clusterId: 'another' },
    { ...good, caKeyPem: other.ca.keyPem },
  ]
  for (const issued of cases) t.throws(() => checkIssued(issued, own), CODE)
  t.throws(() => checkIssued(good, { ...own, keyPem: region.keyPem }), CODE)
  t.throws(() => checkIssued(good, { ...own, kind: 'region' }), CODE)
  t.throws(() => checkIssued(good, { ...own, id: 'q' }), CODE)
})
