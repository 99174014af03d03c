// Who is not let in, and what is said about it: one clear line on each side (D13).
import t from 'tap'
import type { Credentials } from '#protocol/enroll.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { startTestTransport, type TestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'

const DAY_MS = 86_400_000
const pki = await makeTestPki()
const other = await makeTestPki('other-cluster')
/** Same name as ours, another authority. */
const impostor = await makeTestPki()

const ownCa = (credentials: Credentials): Credentials => {
  return { ...credentials, caPem: pki.ca.certificatePem }
}
const refusalOf = (side: TestTransport) => {
  return side.lines.filter((line) => line.event === 'peer.refused').map((line) => line.fields)
}

const cases = [
  {
    name: 'a node of another cluster is refused with CLUSTER_MISMATCH',
    credentials: () => other.member('region', 'a'),
    code: 'CLUSTER_MISMATCH',
    says: /cluster test-cluster, not of other-cluster/,
  },
  {
    name: 'a certificate of our cluster name by another authority is CERTIFICATE_INVALID',
    credentials: () => impostor.member('region', 'a'),
    code: 'CERTIFICATE_INVALID',
    says: /not issued by this cluster's CA/,
  },
  {
    name: 'an impostor that trusts our CA is refused by the listener',
    credentials: async () => ownCa(await impostor.member('region', 'a')),
    code: 'CERTIFICATE_INVALID',
    says: /Refused by the region: .*not issued by this cluster's CA/,
  },
  {
    name: 'an expired certificate is CERTIFICATE_INVALID and says when it ended',
    credentials: () => pki.member('region', 'a', { wallMs: Date.now() - 400 * DAY_MS }),
    code: 'CERTIFICATE_INVALID',
    says: /Refused by the region: The certificate expired on /,
  },
  {
    name: 'a certificate from the future is CERTIFICATE_INVALID and asks for the clocks',
    credentials: () => pki.member('region', 'a', { wallMs: Date.now() + 9 * DAY_MS }),
    code: 'CERTIFICATE_INVALID',
    says: /are the clocks right/,
  },
  {
    name: 'a node that claims another name than its certificate is CERTIFICATE_INVALID',
    credentials: async () => ({ ...(await pki.member('region', 'c')), nodeId: 'a' }),
    code: 'CERTIFICATE_INVALID',
    says: /The certificate belongs to region:c/,
  },
  {
    name: "a rack's certificate does not make a region",
    credentials: async () => pki.member('rack', 'a'),
    code: 'CERTIFICATE_INVALID',
    says: /The certificate belongs to rack:a/,
  },
] as const

for (const c of cases) {
  t.test(c.name, async (t) => {
    const b = await startTestTransport(await pki.member('region', 'b'))
    const a = await startTestTransport(await c.credentials())

    a.dials('b', b.transport.address)
    await until('refused', () => refusalOf(a).length > 0)

    t.match(refusalOf(a), [{ peer: 'b', error_code: c.code, error: c.says }])
    t.equal(a.transport.isConnected('b'), false)
    t.strictSame(b.received, [])
    t.strictSame(b.racks, [])
    await a.transport.close()
    await b.transport.close()
  })
}

t.test('at the address of one peer another answers: not connected, and it says who', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await pki.member('region', 'a'))

  a.dials('c', b.transport.address)
  await until('refused', () => refusalOf(a).length > 0)

  t.match(refusalOf(a), [{ error: /At the address of c is region:b/ }])
  await a.transport.close()
  await b.transport.close()
})

t.test('a process older than one seen before is refused; the newer one stays', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const newer = await startTestTransport(await pki.member('region', 'a', { incarnation: 2 }))
  newer.dials('b', b.transport.address)
  await until('newer is in', () => newer.transport.isConnected('b'))

  const older = await startTestTransport(await pki.member('region', 'a', { incarnation: 1 }))
  older.dials('b', b.transport.address)
  await until('older is told', () => older.lines.some((line) => line.event === 'peer.unreachable'))

  t.match(older.lines.find((line) => line.event === 'peer.unreachable')?.fields, {
    error: /A newer process of this node has been here: 1, 2 was seen/,
  })
  t.equal(older.transport.isConnected('b'), false)
  t.equal(newer.transport.isConnected('b'), true)
  await newer.transport.close()
  await older.transport.close()
  await b.transport.close()
})

t.test('a stale process that listens is not sent to', async (t) => {
  const stale = await startTestTransport(await pki.member('region', 'b', { incarnation: 1 }))
  const fresh = await startTestTransport(await pki.member('region', 'b', { incarnation: 2 }))
  const a = await startTestTransport(await pki.member('region', 'a'))
  a.dials('b', fresh.transport.address)
  await until('fresh', () => a.transport.isConnected('b'))

  a.peers.set('b', stale.transport.address)
  await fresh.transport.close()
  await until('stale is refused', () => a.lines.some((line) => line.event === 'peer.unreachable'))

  t.equal(a.transport.isConnected('b'), false)
  await a.transport.close()
  await stale.transport.close()
})

t.test('a refusal that lasts is logged once, not at every dial', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await other.member('region', 'a'), {
    limits: { refusedBackoffMs: 5 },
  })
  a.dials('b', b.transport.address)

  await until('dialed often', () => {
    return a.metrics.total('ironraft_peer_connections_total', 'CLUSTER_MISMATCH') >= 4
  })

  t.equal(refusalOf(a).length, 1)
  await a.transport.close()
  await b.transport.close()
})
