// Who gets another certificate: members of the cluster, for as long as they are.
import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { makeRenewer } from '#node/renew-requests.ts'
import { makeCertificateRequest } from '#rack/certificate-request.ts'
import type { MemberRenewal } from '#transport/links.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise, RACK, registerRack } from '#test/support/region-state.ts'

const pki = await makeTestPki('c1')
const own = await pki.member('region', 'region-1')
const { requestPem } = await makeCertificateRequest(RACK)
const NODE = 'nnnnnn' as typeof RACK
const system = { actor: SYSTEM_ACTOR }

async function makeStage(options: { readonly canSign: boolean } = { canSign: true }) {
  const clock = makeFakeClock()
  const region = new MemoryRegion(clock, initialise())
  const credentials = { ...own, caKeyPem: options.canSign ? pki.ca.keyPem : null }
  return { clock, region, renew: makeRenewer({ region, credentials: () => credentials, clock }) }
}

function renewal(change: Partial<MemberRenewal> = {}): MemberRenewal {
  const asked = { kind: 'rack' as const, id: RACK, lifetimeMs: 3_600_000 }
  return { ...asked, certificateRequestPem: requestPem, ...change }
}

t.test('a rack of the cluster gets one that lives as long as the one it has', async (t) => {
  const { clock, region, renew } = await makeStage()
  await region.propose(registerRack(RACK, []), system)
  const reply = await renew(renewal())
  if (!reply.ok) throw new Error(reply.message)
  const certificate = new X509Certificate(reply.certificatePem)
  t.match(certificate.subject, `rack:${RACK}`)
  t.ok(certificate.verify(new X509Certificate(pki.ca.certificatePem).publicKey))
  t.equal(
    Math.floor((clock.wallMs() + 3_600_000) / 1_000) * 1_000,
    certificate.validToDate.getTime(),
  )
})

t.test(
  'one that is not of the cluster, was deleted, or is of another kind, is refused',
  async (t) => {
    const { region, renew } = await makeStage()
    t.match(await renew(renewal()), { ok: false, message: /not known to this cluster/ })
    await region.propose(registerRack(RACK, []), system)
    t.match(await renew(renewal({ kind: 'region' })), { ok: false, message: /not known/ })
    const node = {
      ...{ type: 'region.register' as const, systemId: NODE, hostname: 'h', version: '1' },
      ...{ apiUrl: '', peerAddress: '', incarnation: 1 },
    }
    await region.propose(node, system)
    t.match(await renew(renewal({ id: NODE })), { ok: false, message: /rack nnnnnn is not known/ })
    await region.propose({ type: 'rack.delete', systemId: RACK }, system)
    t.match(await renew(renewal()), { ok: false, message: /not known to this cluster/ })
  },
)

t.test('a damaged request, and a region that cannot sign or has no quorum', async (t) => {
  const { region, renew } = await makeStage()
  await region.propose(registerRack(RACK, []), system)
  const damaged = await renew(renewal({ certificateRequestPem: 'x' }))
  t.match(damaged, { ok: false, message: /malformed/ })
  const without = await makeStage({ canSign: false })
  t.match(await without.renew(renewal()), { ok: false, message: /ask another one/ })
})
