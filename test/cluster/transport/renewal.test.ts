// At the door: who may ask for a next certificate, and how a rack whose certificate has expired comes in again.
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { askOnce } from '#protocol/region-door.ts'
import type { Credentials, EnrollReply, MemberRenewal } from '#transport/links.ts'
import { renewAtRegion } from '#transport/renew-at-region.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { startTestTransport } from '#test/support/test-transport.ts'

const pki = await makeTestPki()
const long = Date.now() - 500 * 86_400_000
const no = { ok: false as const, message: 'no' }

async function makeStage(
  t: Test,
  removed = new Set<string>(),
  limits: { readonly enrolmentsPerSecond?: number } = {},
) {
  const renewals: MemberRenewal[] = []
  const enrolments: (string | null)[] = []
  const region = await startTestTransport(await pki.member('region', 'a'), {
    removed,
    limits,
    onRenew: async (renewal): Promise<EnrollReply> => {
      renewals.push(renewal)
      return no
    },
    onEnroll: async (_, provenId): Promise<EnrollReply> => {
      enrolments.push(provenId)
      return no
    },
  })
  t.teardown(() => region.transport.close())
  return { ...region, address: region.transport.address, renewals, enrolments }
}

type Address = { readonly host: string; readonly port: number }
const REQUEST = { secret: 's', certificateRequestPem: 'p', rackId: 'r', hostname: 'h' }

async function enrolWith(address: Address, shown: Credentials | null): Promise<unknown> {
  const pair = shown === null ? {} : { cert: shown.certificatePem, key: shown.keyPem }
  const socket = connect({ ...address, ...pair, rejectUnauthorized: false })
  try {
    return await askOnce(socket, { type: 'enroll', request: REQUEST }, 'enrolled')
  } finally {
    socket.destroy()
  }
}

t.test('a member asks under the name that its certificate proves', async (t) => {
  const { address, renewals, lines } = await makeStage(t)
  const refused = renewAtRegion(address, await pki.member('region', 'b'))
  await t.rejects(refused, { code: 'FORBIDDEN', message: 'no' })
  t.match(renewals, [{ kind: 'region', id: 'b', lifetimeMs: 365 * 86_400_000 }])
  t.ok(lines.some(({ event }) => event === 'certificate.renewal_refused'))
})

t.test(
  'an expired certificate, a foreign one, a removed node and a stranger get none',
  async (t) => {
    const { address, renewals } = await makeStage(t, new Set(['gone']))
    const other = await makeTestPki()
    const foreign = await other.member('region', 'b')
    const cases = [
      { shown: await pki.member('region', 'b', { wallMs: long }), code: 'CERTIFICATE_INVALID' },
      { shown: await pki.member('region', 'gone'), code: 'MEMBER_REMOVED' },
      { shown: { ...foreign, caPem: pki.ca.certificatePem }, code: 'CERTIFICATE_INVALID' },
    ]
    for (const { shown, code } of cases) await t.rejects(renewAtRegion(address, shown), { code })
    const socket = connect({ ...address, rejectUnauthorized: false })
    const question = { type: 'renew' as const, request: { certificateRequestPem: 'p' } }
    await t.rejects(askOnce(socket, question, 'renewed'), { code: 'CERTIFICATE_INVALID' })
    socket.destroy()
    t.same(renewals, [])
  },
)

t.test(
  'a rack whose certificate has expired is heard, and named, when it shows a token',
  async (t) => {
    const { address, enrolments } = await makeStage(t)
    await enrolWith(address, await pki.member('rack', 'r', { wallMs: long }))
    await enrolWith(address, await pki.member('rack', 'r'))
    await enrolWith(address, null)
    t.same(enrolments, ['r', 'r', null])
  },
)

t.test('an expired certificate of another CA, cluster or kind proves nothing', async (t) => {
  const { address, enrolments } = await makeStage(t)
  const other = await makeTestPki()
  const cases = [
    await other.member('rack', 'r', { wallMs: long }),
    await pki.member('rack', 'r', { wallMs: long, clusterId: 'another' }),
    await pki.member('region', 'r', { wallMs: long }),
  ]
  for (const shown of cases) await t.rejects(enrolWith(address, shown), /./)
  t.same(enrolments, [])
})

t.test('strangers who guess tokens do not keep members from renewing', async (t) => {
  const { address, renewals } = await makeStage(t, new Set(), { enrolmentsPerSecond: 1 })
  await Promise.all([1, 2, 3].map(() => enrolWith(address, null).catch(() => {})))
  await t.rejects(renewAtRegion(address, await pki.member('region', 'b')), { code: 'FORBIDDEN' })
  t.equal(renewals.length, 1)
})
