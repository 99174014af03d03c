// The dialer's half of the handshake over a pair of streams: whom it lets in, and what it says otherwise.
import { duplexPair } from 'node:stream'
import t from 'tap'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { greet } from '#protocol/greeting.ts'
import { decodeGreeting, encodeGreeting, type Greeting, PROTOCOL_VERSION } from '#protocol/hello.ts'

const LIMITS = { frameBytesMax: 4_096, queueBytesMax: 4_096, queueMessagesMax: 4 }
const CREDENTIALS = { clusterId: 'c1', nodeId: 'bbbbbb', incarnation: 3 }
const PEMS = { caPem: '', certificatePem: '', keyPem: '' }
const WELCOME = {
  ...{ type: 'welcome' as const, protocolVersion: PROTOCOL_VERSION, clusterId: 'c1' },
  ...{ nodeId: 'aaaaaa', kind: 'region' as const, incarnation: 9 },
}

/** Dials; the other end answers the hello with `answer`. */
async function dial(answer: Greeting, incarnationSeen = 0) {
  const [here, there] = duplexPair()
  const other = new FramedConnection(there, LIMITS)
  const seen: (Greeting | null)[] = []
  other.onFrame = (body) => {
    seen.push(decodeGreeting(body))
    other.sendFrame(encodeGreeting(answer))
  }
  const welcomed: string[] = []
  const identity = { kind: 'region' as const, id: 'aaaaaa', clusterId: 'c1' }
  const greeted = greet(new FramedConnection(here, LIMITS), {
    credentials: { ...CREDENTIALS, ...PEMS },
    ...{ kind: 'region', purpose: 'messages', identity, incarnationSeen },
    onWelcome: ({ nodeId }) => void welcomed.push(nodeId),
  })
  return { greeted, seen, welcomed }
}

t.test('a region that says what its certificate says is welcome', async (t) => {
  const { greeted, seen, welcomed } = await dial(WELCOME)
  await greeted
  t.same(welcomed, ['aaaaaa'])
  t.match(seen[0], { type: 'hello', clusterId: 'c1', nodeId: 'bbbbbb', incarnation: 3 })
})

const cases: readonly {
  readonly name: string
  readonly answer: Greeting
  readonly code: string
}[] = [
  { name: 'another cluster', answer: { ...WELCOME, clusterId: 'c2' }, code: 'CLUSTER_MISMATCH' },
  { name: 'another node than certified', answer: { ...WELCOME, nodeId: 'cccccc' }, code: '' },
  { name: 'an older life of the node', answer: { ...WELCOME, incarnation: 8 }, code: '' },
  { name: 'another protocol version', answer: { ...WELCOME, protocolVersion: 99 }, code: '' },
  {
    name: 'a refusal',
    answer: { type: 'refused', code: 'CERTIFICATE_INVALID', message: 'expired' },
    code: 'CERTIFICATE_INVALID',
  },
  {
    name: 'an answer out of turn',
    answer: { type: 'snapshotDone', ok: true, message: '' },
    code: 'PROTOCOL',
  },
]
for (const { name, answer, code } of cases) {
  t.test(`${name} is not let in`, async (t) => {
    const { greeted, welcomed } = await dial(answer, 9)
    await t.rejects(greeted, code === '' ? { name: 'AppError' } : { code })
    t.same(welcomed, [])
  })
}
