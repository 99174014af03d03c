// What the transport does as members come and go: answers to who is not known yet (pitfall D11), refusals
// to who was removed (D10), joins of strangers, new certificates without a restart.
import { X509Certificate } from 'node:crypto'
import t from 'tap'
import type { JoinReply } from '#protocol/join.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import { askToJoin } from '#transport/join-region.ts'
import { fingerprint, makeRequest, signRequest } from '#transport/pki.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'

const pki = await makeTestPki()
const message = (to: string | null): PeerMessage => ({ type: 'transfer', to })

t.test(
  'D11: a node that is not known here is answered on the connection that it made',
  async (t) => {
    const old = await startTestTransport(await pki.member('region', 'a'))
    const stranger = await startTestTransport(await pki.member('region', 'x'))
    t.teardown(() => Promise.all([old.transport.close(), stranger.transport.close()]))
    t.equal(old.transport.send('x', message('1')), false, 'nobody is there yet')
    stranger.dials('a', old.transport.address)
    await until('the question', () => stranger.transport.send('a', message('2')))
    await until('it is heard', () => old.received.some(({ from }) => from === 'x'))
    t.equal(old.transport.send('x', message('3')), true)
    await until('the answer', () => stranger.received.length > 0)
    t.same(stranger.received, [{ from: 'a', message: message('3') }])
  },
)

t.test(
  'D11: a peer that moved is answered where it asks from, then dialed where it is',
  async (t) => {
    const a = await startTestTransport(await pki.member('region', 'a'))
    const b = await startTestTransport(await pki.member('region', 'b'))
    t.teardown(() => Promise.all([a.transport.close(), b.transport.close()]))
    const gone = { host: '127.0.0.1', port: 1 }
    a.dials('b', gone)
    await until('the refused port', () => a.connections.some(({ refused }) => refused))
    b.dials('a', a.transport.address)
    await until('the question', () => b.transport.send('a', message('1')))
    await until('an answer', () => a.transport.send('b', message('2')))
    await until('it is heard', () => b.received.length > 0)
    t.same(b.received[0], { from: 'a', message: message('2') })
    a.dials('b', b.transport.address)
    await until('the new address', () => a.transport.isConnected('b'))
  },
)

t.test('D10: a removed node is hung up on, refused, and told so', async (t) => {
  const removed = new Set<string>()
  const a = await startTestTransport(await pki.member('region', 'a'), { removed })
  const b = await startTestTransport(await pki.member('region', 'b'))
  t.teardown(() => Promise.all([a.transport.close(), b.transport.close()]))
  b.dials('a', a.transport.address)
  await until('a connection', () => b.transport.isConnected('a'))
  removed.add('b')
  a.transport.refreshPeers()
  await until('the end of it', () => b.removals.length > 0)
  t.equal(b.transport.isConnected('a'), false)
  t.equal(a.transport.send('b', message('1')), false)
  const told = b.lines.find(({ event }) => event === 'peer.refused')
  t.match(told?.fields, { error_code: 'MEMBER_REMOVED', error: /b was removed/ })
})

const request = await makeRequest()
const asked = {
  ...{ secret: 's', nodeId: 'x', host: '127.0.0.1', port: 1, apiUrl: 'http://127.0.0.1' },
  certificateRequestPem: request.requestPem,
}

async function goodReply(): Promise<Extract<JoinReply, { ok: true }>> {
  const { clusterId, ca } = pki
  const { requestPem } = request
  const member = { kind: 'region' as const, id: 'x', clusterId, hosts: [], requestPem }
  const certificatePem = await signRequest(ca, member, Date.now())
  const [caPem, caKeyPem] = [ca.certificatePem, ca.keyPem]
  const members = [{ id: 'a', host: 'h', port: 1, apiUrl: '' }]
  return { ok: true, certificatePem, caPem, caKeyPem, clusterId, members, voters: ['a'] }
}

t.test('a stranger joins over a connection of its own', async (t) => {
  const reply = await goodReply()
  const heard: string[] = []
  const region = await startTestTransport(await pki.member('region', 'a'), {
    onJoin: async ({ secret }) => {
      heard.push(secret)
      return secret === 's' ? reply : { ok: false, retry: secret === 'later', message: 'no' }
    },
  })
  t.teardown(() => region.transport.close())
  const options = {
    region: region.transport.address,
    caFingerprint: fingerprint(pki.ca.certificatePem),
    ...{ request: asked, keyPem: request.keyPem, wallMs: Date.now(), timeoutMs: 3_000 },
  }
  t.same(await askToJoin(options), reply)
  const withSecret = (secret: string) => ({ ...options, request: { ...asked, secret } })
  await t.rejects(askToJoin(withSecret('wrong')), { code: 'FORBIDDEN', message: 'no' })
  await t.rejects(askToJoin(withSecret('later')), { code: 'NO_QUORUM' })
  t.same(heard, ['s', 'wrong', 'later'])
  const elsewhere = { ...options, caFingerprint: 'f'.repeat(64) }
  await t.rejects(askToJoin(elsewhere), { code: 'CERTIFICATE_INVALID' })
  t.equal(heard.length, 3, 'a region of another cluster never sees the secret')
})

t.test('what does not fit the request is not taken for a certificate', async (t) => {
  const good = await goodReply()
  const other = await makeTestPki()
  const wrong = await pki.member('region', 'y')
  const changes = [
    { certificatePem: wrong.certificatePem },
    { caKeyPem: other.ca.keyPem },
    { caPem: other.ca.certificatePem },
    { certificatePem: 'damaged' },
    { clusterId: 'another' },
  ]
  for (const change of changes) {
    const region = await startTestTransport(await pki.member('region', 'a'), {
      onJoin: async () => ({ ...good, ...change }),
    })
    const options = {
      region: region.transport.address,
      caFingerprint: fingerprint(pki.ca.certificatePem),
      ...{ request: asked, keyPem: request.keyPem, wallMs: Date.now(), timeoutMs: 3_000 },
    }
    await t.rejects(askToJoin(options), { code: 'CERTIFICATE_INVALID' }, Object.keys(change).join())
    await region.transport.close()
  }
})

t.test('new certificates are for new connections; those that stand go on', async (t) => {
  const a = await startTestTransport(await pki.member('region', 'a'))
  const b = await startTestTransport(await pki.member('region', 'b'))
  t.teardown(() => Promise.all([a.transport.close(), b.transport.close()]))
  b.dials('a', a.transport.address)
  await until('a connection', () => b.transport.isConnected('a'))
  const before = b.connections.length
  const renewed = await pki.member('region', 'a')
  a.transport.setCredentials(renewed)
  t.equal(b.transport.send('a', message('1')), true)
  await until('it is heard', () => a.received.length > 0)
  t.equal(b.connections.length, before, 'nobody hung up')
  const c = await startTestTransport(await pki.member('region', 'c'))
  t.teardown(() => c.transport.close())
  t.equal(await shownBy(a.transport.address), serialOf(renewed.certificatePem))
  c.dials('a', a.transport.address)
  await until('a new connection', () => c.transport.isConnected('a'))
})

function serialOf(pem: string): string {
  return new X509Certificate(pem).serialNumber
}

async function shownBy(address: { readonly host: string; readonly port: number }): Promise<string> {
  const { connect } = await import('node:tls')
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
