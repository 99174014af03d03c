// Bad input at the listener: whatever arrives is counted and closed, and the next good peer gets in.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { encode } from '#protocol/codec.ts'
import { frame } from '#protocol/framer.ts'
import { encodePeerMessage } from '#protocol/peer-codec.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { greetedPeer, helloOf, rawPeer, rawSocket } from '#test/support/raw-peer.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'

const pki = await makeTestPki()
const a = await pki.member('region', 'a')
const b = await startTestTransport(await pki.member('region', 'b'), {
  limits: { handshakeTimeoutMs: 300, silentMs: 200 },
})
const { address } = b.transport
t.teardown(() => b.transport.close())

const POSITION = {
  ...{ incarnation: 1, epoch: 0, batchSequence: 1, term: 1, votedFor: null },
  ...{ lastIndex: 1, lastTerm: 1 },
}
const header = (length: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}
const failures = (label: string): number => {
  const { metrics } = b
  const errors = metrics.total('ironraft_peer_errors_total', label)
  return errors + metrics.total('ironraft_peer_handshake_failures_total', label)
}
/** The listener still serves those who behave. */
const stillServes = async (): Promise<boolean> => {
  const good = await greetedPeer(address, a)
  good.socket.destroy()
  return (await good.answer()).type === 'welcome'
}

t.test('bytes that are not TLS end that connection only', async (t) => {
  const peer = await rawSocket(address)
  peer.write(randomBytes(500))
  await peer.closed()
  t.equal(failures('tls'), 1)
  t.equal(await stillServes(), true)
})

t.test('a TCP connection that says nothing is closed after the handshake time', async (t) => {
  const before = failures('tls')
  const peer = await rawSocket(address)
  await peer.closed()
  t.equal(failures('tls'), before + 1)
})

const beforeHello = [
  { name: 'a giant length', bytes: header(0xffff_ffff), counted: 'PROTOCOL' },
  { name: 'more than a stranger may send', bytes: header((64 << 10) + 1), counted: 'PROTOCOL' },
  { name: 'an empty frame', bytes: header(0), counted: 'PROTOCOL' },
  { name: 'random bytes in a frame', bytes: frame([randomBytes(200)]), counted: 'PROTOCOL' },
  { name: 'a value that is no map', bytes: frame([encode(['hello'])]), counted: 'PROTOCOL' },
  { name: 'an unknown type', bytes: frame([encode({ type: 'ping' })]), counted: 'PROTOCOL' },
  {
    name: 'a type named like a method of objects',
    bytes: frame([encode({ type: 'constructor' })]),
    counted: 'PROTOCOL',
  },
  {
    name: 'a hello with a number where text belongs',
    bytes: frame([encode({ type: 'hello', nodeId: 7 })]),
    counted: 'PROTOCOL',
  },
  { name: 'a greeting that is not a hello', bytes: answerFrame(), counted: 'PROTOCOL' },
  { name: 'half a header', bytes: Buffer.from([0, 0]), counted: 'TIMEOUT' },
  {
    name: 'half a frame',
    bytes: Buffer.concat([header(100), randomBytes(50)]),
    counted: 'TIMEOUT',
  },
]
function answerFrame(): Uint8Array {
  return frame([encode({ type: 'snapshotDone', ok: true, message: '' })])
}

for (const c of beforeHello) {
  t.test(`before the hello, ${c.name} closes and is counted`, async (t) => {
    const before = failures(c.counted)
    const peer = await rawPeer(address, a)
    peer.write(c.bytes)
    await peer.closed()
    t.equal(failures(c.counted), before + 1)
    t.equal(await stillServes(), true)
  })
}

t.test('a byte now and then does not keep a stranger connected (slow-loris)', async (t) => {
  const before = failures('TIMEOUT')
  const peer = await rawPeer(address, a)
  const hello = frame([helloOf(a)])
  let at = 0
  const drip = setInterval(() => {
    if (at < hello.length - 1) peer.write(hello.subarray(at, ++at))
  }, 5)
  await peer.closed()
  clearInterval(drip)
  t.equal(failures('TIMEOUT'), before + 1)
})

t.test('without a certificate a hello is refused with a sentence', async (t) => {
  const peer = await rawPeer(address, null)
  peer.writeFrame(helloOf(a))
  t.match(await peer.answer(), { type: 'refused', code: 'CERTIFICATE_INVALID', message: /No cert/ })
  await peer.closed()
})

const lies = [
  { name: 'another cluster id', hello: { clusterId: 'x' }, code: 'CLUSTER_MISMATCH' },
  { name: 'another node id', hello: { nodeId: 'x' }, code: 'CERTIFICATE_INVALID' },
  { name: 'another kind', hello: { kind: 'rack' as const }, code: 'CERTIFICATE_INVALID' },
  { name: 'another protocol version', hello: { protocolVersion: 2 }, code: 'PROTOCOL' },
  { name: "a rack's purpose", hello: { purpose: 'rack' as const }, code: 'PROTOCOL' },
]
for (const c of lies) {
  t.test(`a hello with ${c.name} is refused as ${c.code}`, async (t) => {
    const peer = await rawPeer(address, a)
    peer.writeFrame(helloOf(a, c.hello))
    t.match(await peer.answer(), { type: 'refused', code: c.code })
    await peer.closed()
  })
}

const afterHello = [
  { name: 'a giant length', bytes: header(0x7fff_ffff) },
  { name: 'random bytes', bytes: frame([randomBytes(5_000)]) },
  { name: 'a cut-off value', bytes: frame([encode({ type: 'report' }).subarray(0, 9)]) },
  { name: 'an unknown message', bytes: frame([encode({ type: 'shutdown' })]) },
  {
    name: 'a Raft message with a text as term',
    bytes: frame([
      encode({ type: 'raft', message: { type: 'timeoutNow', from: 'a', to: 'b', term: '9' } }),
    ]),
  },
  {
    name: 'a Raft message in the name of another node',
    bytes: frame([
      encodePeerMessage({
        type: 'raft',
        message: { type: 'timeoutNow', from: 'c', to: 'b', term: 9 },
      }),
    ]),
  },
]
for (const c of afterHello) {
  t.test(`after the hello, ${c.name} closes, is counted, reaches nobody`, async (t) => {
    const before = failures('PROTOCOL')
    const peer = await greetedPeer(address, a)
    peer.write(c.bytes)
    await peer.closed()
    t.equal(failures('PROTOCOL'), before + 1)
    t.strictSame(b.received, [])
    t.equal(await stillServes(), true)
  })
}

t.test('an empty frame is answered by one: the ping of the dialer', async (t) => {
  const peer = await greetedPeer(address, a)
  peer.write(header(0))
  await until('pong', () => peer.frames.length === 2)
  t.equal(peer.frames[1]?.length, 0)
  peer.socket.destroy()
})

t.test('a peer that falls silent is closed', async (t) => {
  const before = failures('TIMEOUT')
  const peer = await greetedPeer(address, a)
  await peer.closed()
  t.equal(failures('TIMEOUT'), before + 1)
})

t.test('strangers are limited in number, known ones are not in their way', async (t) => {
  const crowded = await startTestTransport(await pki.member('region', 'b'), {
    limits: { strangersMax: 2 },
  })
  const known = await greetedPeer(crowded.transport.address, a)
  const strangers = [
    await rawSocket(crowded.transport.address),
    await rawSocket(crowded.transport.address),
  ]
  const third = await rawSocket(crowded.transport.address)
  await third.closed()

  t.equal(crowded.metrics.total('ironraft_peer_handshake_failures_total', 'too_many'), 1)
  t.equal(known.isClosed(), false)
  for (const peer of [known, ...strangers]) peer.socket.destroy()
  await crowded.transport.close()
})

t.test('closing does not wait for connections that never finish their handshake', async (t) => {
  const closing = await startTestTransport(await pki.member('region', 'b'))
  await rawSocket(closing.transport.address)
  const startMs = performance.now()
  await closing.transport.close()
  t.ok(performance.now() - startMs < 1_000)
})

t.test(
  'what an earlier life had on its way is not heard once the next has said hello',
  async (t) => {
    const member = await pki.member('region', 'a')
    const said = encodePeerMessage({ type: 'recall', position: POSITION })
    const heard = () => b.received.filter(({ message }) => message.type === 'recall').length
    const earlier = await greetedPeer(address, member, { incarnation: 50 })
    earlier.writeFrame(said)
    await until('heard', () => heard() === 1)
    const later = await greetedPeer(address, member, { incarnation: 51 })
    earlier.writeFrame(said)
    await earlier.closed()
    t.equal(heard(), 1)
    later.writeFrame(said)
    await until('heard', () => heard() === 2)
    later.socket.destroy()
  },
)
