// A stranger with the secret of a token becomes a rack; everybody else stays a stranger.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import t from 'tap'
import { makeEnroller, secretDigest } from '#node/enroll.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { judgeCertificate } from '#protocol/identity.ts'
import { makeCertificateRequest } from '#rack/certificate-request.ts'
import type { EnrollRequest } from '#transport/links.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise, newMachine, RACK, registerRack } from '#test/support/region-state.ts'

const SECRET = 'the secret of the token'
const pki = await makeTestPki('c1')
const member = await pki.member('region', 'region-1')
const { requestPem, keyPem } = await makeCertificateRequest(RACK)

function makeStage(options: { readonly canSign: boolean } = { canSign: true }) {
  const clock = makeFakeClock()
  const first = { ...initialise(), joinTokenDigest: secretDigest(SECRET) }
  const region = new MemoryRegion(clock, first)
  const { logger, lines } = makeLogRecorder()
  const credentials = { ...member, caKeyPem: options.canSign ? pki.ca.keyPem : null }
  const enroll = makeEnroller({ region, credentials: () => credentials, clock, logger })
  return { clock, region, lines, enroll }
}

function request(change: Partial<EnrollRequest> = {}): EnrollRequest {
  const rack = { rackId: RACK, hostname: 'host', certificateRequestPem: requestPem }
  return { secret: SECRET, ...rack, ...change }
}

t.test('the right secret gets a certificate of the CA for its key and its id', async (t) => {
  const { clock, enroll } = makeStage()
  const reply = await enroll(request())
  if (!reply.ok) throw new Error(reply.message)
  t.match(reply, { clusterId: 'c1', caPem: pki.ca.certificatePem })
  const certificate = new X509Certificate(reply.certificatePem)
  const authority = new X509Certificate(reply.caPem)
  t.equal(certificate.checkIssued(authority), true)
  t.equal(certificate.verify(authority.publicKey), true)
  t.equal(certificate.checkPrivateKey(createPrivateKey(keyPem)), true)
  t.ok(certificate.validFromDate.getTime() < clock.wallMs())
  t.ok(certificate.validToDate.getTime() > clock.wallMs())
  t.same(judgeCertificate({ certificate, authorizationError: null, clusterId: 'c1' }), {
    ok: true,
    identity: { kind: 'rack', id: RACK, clusterId: 'c1' },
  })
})

t.test(
  'an id that is no system id, a wrong secret and a damaged request are refused',
  async (t) => {
    const { enroll } = makeStage()
    const refused = [
      { change: { rackId: 'rack 1' }, message: /six letters and digits/ },
      { change: { rackId: '' }, message: /six letters and digits/ },
      { change: { secret: `${SECRET}.` }, message: /not known to this cluster/ },
      { change: { secret: '' }, message: /not known to this cluster/ },
      // Who has read the state knows the digest; it opens nothing.
      { change: { secret: secretDigest(SECRET) }, message: /not known to this cluster/ },
      { change: { certificateRequestPem: 'x' }, message: /request is malformed/ },
    ]
    for (const { change, message } of refused) {
      t.match(await enroll(request(change)), { ok: false, message })
    }
  },
)

t.test('a one-time token lets one rack in, and the same one again', async (t) => {
  const { region, enroll } = makeStage()
  const system = { actor: SYSTEM_ACTOR }
  for (const kind of ['rack', 'region'] as const) {
    const digest = secretDigest(kind)
    await region.propose({ type: 'token.create', digest, kind, lifetimeMs: 3_600_000 }, system)
  }
  t.match(await enroll(request({ secret: 'region' })), { ok: false, message: /for a region/ })
  t.match(await enroll(request({ secret: 'rack' })), { ok: true })
  t.match(await enroll(request({ secret: 'rack' })), { ok: true }, 'its answer was lost')
  const other = request({ secret: 'rack', rackId: 'rack02' })
  t.match(await enroll(other), { ok: false, message: /used already/ })
})

t.test('an id that a rack or a machine has is not given twice', async (t) => {
  const { region, enroll } = makeStage()
  const machine = newMachine(1)
  await region.propose(registerRack(RACK, []), { actor: SYSTEM_ACTOR })
  await region.propose(machine, { actor: SYSTEM_ACTOR })
  for (const rackId of [RACK, machine.systemId]) {
    t.match(await enroll(request({ rackId })), { ok: false, message: /rack id is taken/ })
  }
})

t.test(
  'a rack that has shown its earlier certificate gets its own id again, no other',
  async (t) => {
    const { region, enroll } = makeStage()
    await region.propose(registerRack(RACK, []), { actor: SYSTEM_ACTOR })
    t.match(await enroll(request(), 'rack99'), { ok: false, message: /rack id is taken/ })
    t.match(await enroll(request({ secret: 'a guess' }), RACK), { ok: false, message: /not known/ })
    t.match(await enroll(request(), RACK), { ok: true })
  },
)

t.test('a region that cannot confirm the token signs nothing', async (t) => {
  const { region, enroll } = makeStage()
  region.failWith('NO_QUORUM')
  t.match(await enroll(request()), { ok: false, message: /could not answer/ })
  region.failWith(null)
  t.match(await enroll(request()), { ok: true })
})

t.test("a region without the CA's key sends the rack to another one", async (t) => {
  const { region, enroll } = makeStage({ canSign: false })
  t.match(await enroll(request()), { ok: false, message: /ask another one/ })
  t.equal(region.reads, 0)
})

t.test('the log tells who was let in and why not, and never a secret', async (t) => {
  const { lines, enroll } = makeStage()
  await enroll(request())
  await enroll(request({ secret: 'a guess' }))
  t.match(lines, [
    { event: 'rack.enrolled', fields: { rack_id: RACK, why: '' } },
    { event: 'rack.enrolment_refused', fields: { rack_id: RACK, why: /not known/ } },
  ])
  t.notMatch(JSON.stringify(lines), SECRET)
  t.notMatch(JSON.stringify(lines), 'a guess')
})
