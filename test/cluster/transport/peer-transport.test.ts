// Two and three transports over loopback: messages, reconnection, refusals.
import t from 'tap'
import type { PeerMessage } from '#protocol/peer.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'

const pki = await makeTestPki()
const report = (term: number): PeerMessage => ({
  type: 'report',
  report: {
    id: 'a',
    role: 'leader',
    term,
    applied: 1,
    commit: 1,
    last: 1,
    fsyncP99Ms: 0.25,
    apiUrl: 'http://192.0.2.1:5240',
    pid: 7,
    ...{
      condition: 'ok',
      reason: null,
      position: null,
      hashes: [],
      alarm: 'none',
      certificateExpiresMs: null,
    },
  },
})
const append = (from: string, data: Uint8Array): PeerMessage => ({
  type: 'raft',
  message: {
    type: 'appendEntries',
    from,
    to: 'b',
    term: 3,
    prevLogIndex: 6,
    prevLogTerm: 2,
    entries: [{ term: 3, index: 7, kind: 'command', stamp: 12.5, data }],
    leaderCommit: 6,
  },
})

t.test('messages sent in one turn arrive in order, each once', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await pki.member('region', 'a'))
  a.dials('b', b.transport.address)
  await until('connected', () => a.transport.isConnected('b'))

  const sent = Array.from({ length: 1_000 }, (_, term) => a.transport.send('b', report(term)))
  await until('all there', () => b.received.length === 1_000)

  t.ok(sent.every((each) => each))
  t.strictSame(
    b.received.map(({ message }) => message.type === 'report' && message.report.term),
    Array.from({ length: 1_000 }, (_, term) => term),
  )
  t.equal(b.received[0]?.from, 'a')
  await a.transport.close()
  await b.transport.close()
})

t.test('an AppendEntries of a mebibyte arrives whole', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await pki.member('region', 'a'))
  a.dials('b', b.transport.address)
  await until('connected', () => a.transport.isConnected('b'))
  const data = new Uint8Array(1 << 20).map((_, at) => at * 7)

  a.transport.send('b', append('a', data))
  await until('there', () => b.received.length === 1)

  t.strictSame(b.received[0]?.message, append('a', data))
  await a.transport.close()
  await b.transport.close()
})

t.test('to a peer that is not connected a message is dropped and counted', async (t) => {
  const a = await startTestTransport(await pki.member('region', 'a'))
  t.equal(a.transport.send('b', report(1)), false)
  t.equal(a.transport.isConnected('b'), false)
  await a.transport.close()
})

t.test('a full queue drops the newest and says so', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await pki.member('region', 'a'), {
    limits: { peerQueueMessagesMax: 10 },
  })
  a.dials('b', b.transport.address)
  await until('connected', () => a.transport.isConnected('b'))

  const sent = Array.from({ length: 15 }, (_, term) => a.transport.send('b', report(term)))
  await until('ten there', () => b.received.length === 10)

  t.strictSame(sent, [...Array(10).fill(true), ...Array(5).fill(false)])
  t.equal(a.metrics.total('ironraft_peer_messages_dropped_total', 'report'), 5)
  await a.transport.close()
  await b.transport.close()
})

t.test('a queue is bounded in bytes while the peer does not read', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await pki.member('region', 'a'), {
    limits: { peerQueueBytesMax: 1 << 20 },
  })
  a.dials('b', b.transport.address)
  await until('connected', () => a.transport.isConnected('b'))
  const data = new Uint8Array(300_000)

  const sent = Array.from({ length: 6 }, () => a.transport.send('b', append('a', data)))

  t.strictSame(sent, [true, true, true, false, false, false])
  await a.transport.close()
  await b.transport.close()
})

t.test('a peer that dies is reported refused, and found again when it is back', async (t) => {
  const first = await startTestTransport(await pki.member('region', 'b'))
  const { port } = first.transport.address
  const a = await startTestTransport(await pki.member('region', 'a'))
  a.dials('b', first.transport.address)
  await until('connected', () => a.transport.isConnected('b'))

  await first.transport.close()
  await until('refused', () => a.connections.some((each) => each.refused))
  t.equal(a.transport.isConnected('b'), false)
  const second = await startTestTransport(await pki.member('region', 'b', { incarnation: 2 }), {
    port,
  })
  const backMs = performance.now()
  await until('connected again', () => a.transport.isConnected('b'))

  t.ok(performance.now() - backMs < 1_500)
  t.strictSame(
    a.connections.map((each) => [each.connected, each.refused]),
    [
      [true, false],
      [false, false],
      [false, true],
      [true, false],
    ],
  )
  a.transport.send('b', report(5))
  await until('a message after it', () => second.received.length === 1)
  await a.transport.close()
  await second.transport.close()
})

t.test('a peer that reaches us is dialed at once, whatever the backoff', async (t) => {
  const slow = { backoffMsMin: 60_000, backoffMsMax: 60_000 }
  const a = await startTestTransport(await pki.member('region', 'a'), { limits: slow })
  // Nothing listens there any more.
  const gone = await startTestTransport(await pki.member('region', 'b'))
  await gone.transport.close()
  a.dials('b', gone.transport.address)
  await until('refused', () => a.connections.some((each) => each.refused))

  const b = await startTestTransport(await pki.member('region', 'b'), {
    port: gone.transport.address.port,
  })
  b.dials('a', a.transport.address)
  await until('both ways', () => a.transport.isConnected('b') && b.transport.isConnected('a'))

  t.pass()
  await a.transport.close()
  await b.transport.close()
})

t.test('a closed port is told once, however often it is dialed', async (t) => {
  const a = await startTestTransport(await pki.member('region', 'a'), {
    limits: { backoffMsMin: 1, backoffMsMax: 2 },
  })
  const gone = await startTestTransport(await pki.member('region', 'b'))
  await gone.transport.close()

  a.dials('b', gone.transport.address)
  await until('dialed often', () => {
    return a.metrics.total('ironraft_peer_connections_total', 'ECONNREFUSED') >= 5
  })

  t.strictSame(a.connections, [{ peer: 'b', connected: false, refused: true }])
  await a.transport.close()
})

t.test('a peer that left the membership is hung up on', async (t) => {
  const b = await startTestTransport(await pki.member('region', 'b'))
  const a = await startTestTransport(await pki.member('region', 'a'))
  a.dials('b', b.transport.address)
  await until('connected', () => a.transport.isConnected('b'))

  a.peers.delete('b')
  a.transport.refreshPeers()
  await until('gone', () => a.connections.at(-1)?.connected === false)

  t.equal(a.transport.isConnected('b'), false)
  await a.transport.close()
  await b.transport.close()
})

t.test('a port in use is an ADDRESS_IN_USE that names the address', async (t) => {
  const a = await startTestTransport(await pki.member('region', 'a'))
  const { port } = a.transport.address
  await t.rejects(startTestTransport(await pki.member('region', 'b'), { port }), {
    code: 'ADDRESS_IN_USE',
    message: new RegExp(`127.0.0.1:${port}`),
  })
  await a.transport.close()
})
