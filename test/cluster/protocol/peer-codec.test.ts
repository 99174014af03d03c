// Every region ⇄ region message survives the wire; none that is malformed does.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { encode } from '#protocol/codec.ts'
import {
  decodePeerMessages,
  decodeSnapshotOffer,
  encodePeerMessage,
  encodeSnapshotOffer,
} from '#protocol/peer-codec.ts'
import { peerMessage, snapshotMeta } from '#test/support/protocol-arbitraries.ts'

t.test('every message decodes to itself, alone and in company', async (t) => {
  fc.assert(
    fc.property(fc.array(peerMessage, { minLength: 1, maxLength: 5 }), (messages) => {
      const body = Buffer.concat(messages.map((each) => encodePeerMessage(each)))
      const back = decodePeerMessages(body)
      if (!isDeepStrictEqual(back, messages)) throw new Error('not the same')
    }),
    { numRuns: 400 },
  )
  t.pass()
})

t.test('a snapshot offer decodes to itself', async (t) => {
  fc.assert(
    fc.property(snapshotMeta, (meta) => {
      const offer = { meta, sha256: 'ab', sizeBytes: 7, from: 'a', term: 3 } as never
      return isDeepStrictEqual(
        decodeSnapshotOffer(new Uint8Array(encodeSnapshotOffer(offer))),
        offer,
      )
    }),
  )
  t.throws(() => decodeSnapshotOffer(encode({ meta: {}, sha256: 'x' })), { code: 'PROTOCOL' })
})

const raft = (message: object) => ({
  type: 'raft',
  message: { from: 'a', to: 'b', term: 1, ...message },
})
const append = (entries: unknown) =>
  raft({ type: 'appendEntries', prevLogIndex: 4, prevLogTerm: 1, leaderCommit: 2, entries })
const data = new Uint8Array(1)

const malformed: readonly { readonly name: string; readonly value: unknown }[] = [
  { name: 'no map', value: 7 },
  { name: 'no type', value: {} },
  { name: 'an inherited name as type', value: { type: 'toString' } },
  { name: 'a raft message without a type', value: raft({}) },
  { name: 'an inherited name as raft type', value: raft({ type: 'valueOf' }) },
  { name: 'a negative term', value: raft({ type: 'timeoutNow', term: -1 }) },
  { name: 'a fractional term', value: raft({ type: 'timeoutNow', term: 1.5 }) },
  { name: 'a term past 2^53', value: raft({ type: 'timeoutNow', term: 2 ** 60 }) },
  { name: 'no sender', value: raft({ type: 'timeoutNow', from: null }) },
  { name: 'a granted that is 1', value: raft({ type: 'preVoteReply', granted: 1 }) },
  { name: 'entries that are a map', value: append({}) },
  { name: 'an entry that is a map', value: append([{ term: 1, index: 5 }]) },
  { name: 'an entry of an unknown kind', value: append([[1, 5, 3, 0, data]]) },
  { name: 'an entry with a text as data', value: append([[1, 5, 1, 0, 'x']]) },
  { name: 'an entry without a stamp', value: append([[1, 5, 1, null, data]]) },
  {
    name: 'a gap in the entries',
    value: append([
      [1, 5, 1, 0, data],
      [1, 7, 1, 0, data],
    ]),
  },
  { name: 'entries that do not follow prevLogIndex', value: append([[1, 6, 1, 0, data]]) },
  {
    name: 'a term that goes back',
    value: append([
      [2, 5, 1, 0, data],
      [1, 6, 1, 0, data],
    ]),
  },
  { name: 'a snapshot without voters', value: raft({ type: 'installSnapshot', snapshot: {} }) },
  { name: 'an envelope as text', value: { type: 'forward', id: 1, envelope: 'x' } },
  { name: 'a result that is null', value: { type: 'forwarded', id: 1, result: null } },
  {
    name: 'a result without outcome',
    value: { type: 'forwarded', id: 1, result: { ok: true, revision: 1 } },
  },
  {
    name: 'a refusal without code',
    value: {
      type: 'forwarded',
      id: 1,
      result: { ok: true, revision: 1, outcome: { ok: false, message: '' } },
    },
  },
  { name: 'a report with holes', value: { type: 'report', report: { id: 'a' } } },
]
for (const c of malformed) {
  t.test(`${c.name} is refused as PROTOCOL`, async (t) => {
    t.throws(() => decodePeerMessages(encode(c.value)), { code: 'PROTOCOL' })
  })
}

t.test('an entry on the wire costs few bytes beside its data', async (t) => {
  const entries = Array.from({ length: 1_000 }, (_, at) => ({
    term: 3,
    index: 1_001 + at,
    kind: 'command' as const,
    stamp: 1_234_567.5,
    data: new Uint8Array(256),
  }))
  const bytes = encodePeerMessage({
    type: 'raft',
    message: {
      type: 'appendEntries',
      from: 'a',
      to: 'b',
      term: 3,
      prevLogIndex: 1_000,
      prevLogTerm: 3,
      entries,
      leaderCommit: 999,
    },
  })
  t.ok(bytes.length < 1_000 * (256 + 20), `${bytes.length}`)
})
