// What stays of a snapshot whose transfer broke, and what must not.
import t, { type Test } from 'tap'
import { receiveSnapshot } from '#node/receive-snapshot.ts'
import type { SnapshotOffer } from '#protocol/peer.ts'
import { openSnapshotStore } from '#storage/snapshot-store.ts'
import { snapshotMeta } from '#test/contract/log-store.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import type { IncomingChunks } from '#transport/links.ts'

const CHUNKS = ['one', 'two', 'three'].map((text) => Buffer.from(text))

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

async function setUp(t: Test) {
  const sender = await openSnapshotStore(await temporaryDirectory(t), { inForce: () => 0 })
  const meta = snapshotMeta(10)
  const { sha256, sizeBytes } = await sender.create(meta, stream(CHUNKS))
  const offer: SnapshotOffer = { meta, sha256, sizeBytes, from: 'a', term: 1 }
  const store = await openSnapshotStore(await temporaryDirectory(t), { inForce: () => 0 })
  const begins: number[] = []
  /** The connection breaks after `count` chunks. */
  const incoming = (options: { count?: number; canResume?: boolean } = {}): IncomingChunks => {
    const { count = 99, canResume = true } = options
    let from = 0
    return {
      beginAt: (bytes) => {
        begins.push(bytes)
        from = canResume ? bytes : 0
        return canResume || bytes === 0
      },
      async *[Symbol.asyncIterator]() {
        let sent = 0
        for await (const chunk of sender.openRead(10, from)) {
          if (sent++ === count) throw new Error('the link broke')
          yield chunk
        }
      },
    }
  }
  const receive = (chunks: IncomingChunks, other: Partial<SnapshotOffer> = {}) =>
    receiveSnapshot(store, { ...offer, ...other }, chunks)
  return { store, begins, incoming, receive }
}

t.test('after a broken link the next try goes on, and the file is whole', async (t) => {
  const { store, begins, incoming, receive } = await setUp(t)
  await t.rejects(receive(incoming({ count: 2 })), /the link broke/)
  await t.rejects(receive(incoming({ count: 0 })), /the link broke/)
  await receive(incoming())
  t.same(begins, [0, 6, 6])
  const read: string[] = []
  for await (const chunk of store.openRead(10)) read.push(Buffer.from(chunk).toString())
  t.same(read, ['one', 'two', 'three'])
})

t.test('a sender that cannot skip is taken from the start', async (t) => {
  const { store, begins, incoming, receive } = await setUp(t)
  await t.rejects(receive(incoming({ count: 2 })), /the link broke/)
  await receive(incoming({ canResume: false }))
  t.same(begins, [0, 6])
  t.equal((await store.describe(10)).sizeBytes, 11)
})

t.test('content that is not the announced one leaves nothing to go on from', async (t) => {
  const { begins, incoming, receive } = await setUp(t)
  const lie = { sha256: 'ee'.repeat(32) }
  await t.rejects(receive(incoming(), lie), { code: 'PROTOCOL' })
  await t.rejects(receive(incoming({ count: 1 }), lie), /the link broke/)
  t.same(begins, [0, 0])
})

t.test('a transfer longer than announced leaves nothing to go on from', async (t) => {
  const { begins, incoming, receive } = await setUp(t)
  const lie = { sizeBytes: 4 }
  await t.rejects(receive(incoming(), lie), { code: 'PROTOCOL' })
  await t.rejects(receive(incoming({ count: 1 }), lie), /the link broke/)
  t.same(begins, [0, 0])
})
