// Envelopes are read for years: golden bytes of each layout, and a stop at what is not known.
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { encode } from '#protocol/codec.ts'
import { decodeEnvelope, encodeEnvelope } from '#protocol/envelope.ts'
import { Framer, frame } from '#protocol/framer.ts'
import { decodePeerMessages, encodePeerMessage } from '#protocol/peer-codec.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import type { Envelope } from '#state/command.ts'

const envelope: Envelope = {
  version: 1,
  request: { session: 'n1.4', sequence: 17, answeredBelow: 15 },
  wall: 1_790_000_000_123,
  actor: {
    kind: 'user',
    userId: 1 as never,
    username: 'admin',
    remoteAddress: '192.0.2.7',
    requestId: 'r-1',
  },
  idempotency: { key: 'k', fingerprint: 'ab' },
  command: { type: 'space.create', name: 'dmz', description: '' },
}
const messages: readonly PeerMessage[] = [
  {
    type: 'raft',
    message: {
      type: 'appendEntries',
      from: 'n1',
      to: 'n2',
      term: 3,
      prevLogIndex: 41,
      prevLogTerm: 2,
      entries: [
        { term: 3, index: 42, kind: 'empty', stamp: 1_000.5, data: new Uint8Array(0) },
        { term: 3, index: 43, kind: 'command', stamp: 1_001, data: new Uint8Array([1, 2, 3]) },
      ],
      leaderCommit: 41,
    },
  },
  { type: 'forward', id: 9, envelope: new Uint8Array([4, 5]) },
]
const golden = async (name: string): Promise<Uint8Array> => {
  const url = new URL(`../../fixtures/protocol/${name}`, import.meta.url)
  return Buffer.from((await readFile(url, 'utf8')).replaceAll(/\s/g, ''), 'hex')
}

t.test('the golden envelope of the first layout decodes', async (t) => {
  t.strictSame(decodeEnvelope(await golden('envelope-v1.hex')), envelope)
})

t.test('the golden envelope of layout 2 decodes, and is what is written today', async (t) => {
  const bytes = await golden('envelope-v2.hex')
  t.strictSame(decodeEnvelope(bytes), envelope)
  t.equal(Buffer.compare(encodeEnvelope(envelope), bytes), 0)
})

t.test(
  'the golden frame of protocol version 1 decodes, and is what is written today',
  async (t) => {
    const bytes = await golden('peer-frame-v1.hex')
    const framer = new Framer({ frameBytesMax: 1_000, allowEmpty: false })
    framer.push(bytes)
    t.strictSame(decodePeerMessages(framer.next()!), messages)
    t.equal(Buffer.compare(frame(messages.map((each) => encodePeerMessage(each))), bytes), 0)
  },
)

t.test('an envelope without session and key survives', async (t) => {
  const bare: Envelope = { ...envelope, request: null, idempotency: null }
  t.strictSame(decodeEnvelope(encodeEnvelope(bare)), bare)
})

const refused: readonly {
  readonly name: string
  readonly value: unknown
  readonly says: RegExp
}[] = [
  {
    name: 'another version',
    value: { ...envelope, version: 2 },
    says: /Unknown command: envelope v/,
  },
  {
    name: 'an unknown command',
    value: { ...envelope, command: { type: 'machine.fly' } },
    says: /Unknown command: machine.fly/,
  },
  {
    name: 'a command with an inherited name',
    value: { ...envelope, command: { type: 'hasOwnProperty' } },
    says: /Unknown command/,
  },
  { name: 'no command', value: { ...envelope, command: null }, says: /command/ },
  { name: 'a request without session', value: { ...envelope, request: {} }, says: /session/ },
  { name: 'an actor that is a text', value: { ...envelope, actor: 'root' }, says: /actor/ },
  { name: 'a wall clock that is none', value: { ...envelope, wall: NaN }, says: /wall/ },
  {
    name: 'a key without fingerprint',
    value: { ...envelope, idempotency: { key: 'k' } },
    says: /finger/,
  },
]
/** What is newer stops the node with a code of its own; what is malformed is nobody's version. */
const codeOf = (says: RegExp): string =>
  says.source.startsWith('Unknown command') ? 'UNSUPPORTED_VERSION' : 'PROTOCOL'

for (const c of refused) {
  t.test(`${c.name} is refused and says so`, async (t) => {
    const code = codeOf(c.says)
    t.throws(() => decodeEnvelope(encode(c.value)), { code, message: c.says })
  })
}

/** Positions of layout 2, one of them replaced. */
const positions = (at: number, value: unknown): unknown[] => {
  const { actor, command } = envelope
  const values: unknown[] = [
    ...[2, 1, 5, 'n1.4', 17, 15],
    ...[actor.kind, actor.userId, actor.username, actor.remoteAddress, actor.requestId],
    ...[['k', 'ab'], command],
  ]
  return values.with(at, value)
}

const misplaced: readonly (readonly [name: string, at: number, value: unknown, says: RegExp])[] = [
  ['another layout', 0, 3, /Unknown command: envelope layout 3/],
  ['another version', 1, 2, /Unknown command: envelope version 2/],
  ['a wall clock that is none', 2, 'now', /wall/],
  ['a session that is a number', 3, 4, /request/],
  ['a sequence with a fraction', 4, 1.5, /request/],
  ['an answeredBelow that is a text', 5, '1', /request/],
  ['an actor without kind', 6, null, /actor/],
  ['a user id that is a text', 7, '1', /actor/],
  ['a remote address that is null', 9, null, /actor/],
  ['a key without fingerprint', 11, ['k'], /fingerprint/],
  ['an idempotency that is a text', 11, 'k', /fingerprint/],
  ['no command', 12, null, /command/],
  ['an unknown command', 12, { type: 'machine.fly' }, /Unknown command: machine.fly/],
  ['a command with an inherited name', 12, { type: 'toString' }, /Unknown command/],
]
for (const [name, at, value, says] of misplaced) {
  t.test(`layout 2: ${name} is refused and says so`, async (t) => {
    t.throws(() => decodeEnvelope(encode(positions(at, value))), {
      code: codeOf(says),
      message: says,
    })
  })
}

t.test('layout 2: a position too many or too few is refused', async (t) => {
  for (const values of [[...positions(0, 2), 1], positions(0, 2).slice(0, -1)]) {
    t.throws(() => decodeEnvelope(encode(values)), { code: 'PROTOCOL', message: /positions/ })
  }
})
