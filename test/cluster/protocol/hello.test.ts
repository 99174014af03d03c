// Greetings: what is compared, and what a malformed one is.
import t from 'tap'
import { encode } from '#protocol/codec.ts'
import { checkMember, decodeGreeting, encodeGreeting, type Hello } from '#protocol/hello.ts'

const hello: Hello = {
  type: 'hello',
  protocolVersion: 1,
  clusterId: 'c1',
  nodeId: 'n1',
  kind: 'region',
  purpose: 'messages',
  incarnation: 5,
}
const known = {
  clusterId: 'c1',
  certificate: { kind: 'region' as const, id: 'n1' },
  incarnation: 5,
}

t.test('a member as its certificate says, not older than seen, is let in', async (t) => {
  t.equal(checkMember(hello, known), null)
  t.equal(checkMember({ ...hello, incarnation: 6 }, known), null)
})

const refused = [
  { name: 'another protocol version', hello: { protocolVersion: 2 }, code: 'PROTOCOL' },
  { name: 'another cluster', hello: { clusterId: 'c2' }, code: 'CLUSTER_MISMATCH' },
  { name: 'another name', hello: { nodeId: 'n2' }, code: 'CERTIFICATE_INVALID' },
  { name: 'another kind', hello: { kind: 'rack' as const }, code: 'CERTIFICATE_INVALID' },
  {
    name: 'a node that needs a newer level than is known here',
    hello: { featureLevels: { min: 99, max: 100 } },
    code: 'UNSUPPORTED_VERSION',
  },
  { name: 'an older incarnation', hello: { incarnation: 4 }, code: 'PROTOCOL' },
]
for (const c of refused) {
  t.test(`${c.name} is refused as ${c.code}`, async (t) => {
    t.match(checkMember({ ...hello, ...c.hello }, known), { type: 'refused', code: c.code })
  })
}

t.test(
  'a node too old for the level of the cluster is refused, one of the level is not',
  async (t) => {
    const featureLevels = { min: 2, max: 2 }
    const at2 = { ...known, featureLevels }
    t.match(checkMember(hello, at2), { code: 'UNSUPPORTED_VERSION', message: /upgrade this node/ })
    t.match(checkMember({ ...hello, featureLevels: { min: 1, max: 1 } }, at2), { type: 'refused' })
    t.equal(checkMember({ ...hello, featureLevels: { min: 1, max: 3 } }, at2), null)
  },
)

t.test('every greeting decodes to itself', async (t) => {
  const greetings = [
    hello,
    { ...hello, type: 'welcome' as const },
    { type: 'refused' as const, code: 'OVERLOADED' as const, message: 'later' },
    {
      type: 'enroll' as const,
      request: { secret: 's', certificateRequestPem: 'p', rackId: 'r', hostname: 'h' },
    },
    { type: 'enrolled' as const, reply: { ok: false as const, message: 'no' } },
    { ...hello, featureLevels: { min: 1, max: 2 } },
    { type: 'snapshotFrom' as const, bytes: 7 },
    { type: 'snapshotDone' as const, ok: true, message: '' },
  ]
  for (const each of greetings) t.strictSame(decodeGreeting(encodeGreeting(each)), each)
})

t.test('a malformed greeting is refused as PROTOCOL', async (t) => {
  const malformed = [
    { ...hello, incarnation: -1 },
    { ...hello, clusterId: null },
    { ...hello, featureLevels: { min: 1 } },
    { type: 'snapshotFrom', bytes: -1 },
    { type: 'enroll', request: { secret: 7 } },
    { type: 'enrolled', reply: { ok: true } },
    { type: 'enrolled', reply: null },
    { type: '__proto__' },
  ]
  for (const each of malformed) {
    t.throws(() => decodeGreeting(encode(each)), { code: 'PROTOCOL' })
  }
})
