// Snapshots between two transports: every chunk as it was, at the pace of the receiver, or a clear end.
import t from 'tap'
import type { SnapshotOffer } from '#protocol/peer.ts'
import { decodeGreeting } from '#protocol/hello.ts'
import { encodeSnapshotOffer } from '#protocol/peer-codec.ts'
import type { IncomingChunks } from '#transport/links.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { greetedPeer } from '#test/support/raw-peer.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'

const pki = await makeTestPki()
const offer: SnapshotOffer = {
  meta: {
    lastIncludedIndex: 900,
    lastIncludedTerm: 4,
    lastIncludedStamp: 77.5,
    configuration: {
      voters: ['a', 'b'],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    },
  },
  sha256: 'ab'.repeat(32),
  sizeBytes: 1_000,
  from: 'a',
  term: 4,
}
async function* chunksOf(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) {
    yield await Promise.resolve(new Uint8Array(size).map((_, at) => at + size))
  }
}
type OnSnapshot = (offer: SnapshotOffer, chunks: IncomingChunks) => Promise<void>
const pair = async (onSnapshot: OnSnapshot, limits = {}) => {
  const b = await startTestTransport(await pki.member('region', 'b'), { onSnapshot, limits })
  const a = await startTestTransport(await pki.member('region', 'a'), { limits })
  a.dials('b', b.transport.address)
  return { a, b, close: () => Promise.all([a.transport.close(), b.transport.close()]) }
}

t.test('the receiver gets the offer and the very chunks, large and small', async (t) => {
  const got: { offer: SnapshotOffer | null; chunks: Uint8Array[] } = { offer: null, chunks: [] }
  const { a, close } = await pair(async (received, chunks) => {
    got.offer = received
    for await (const chunk of chunks) got.chunks.push(chunk)
  })
  const sizes = [1, 256 << 10, (256 << 10) + 1, 900_000, 5]

  await a.transport.sendSnapshot('b', offer, () => chunksOf(...sizes))

  t.strictSame(got.offer, { ...offer, resumable: true })
  const sent: Uint8Array[] = []
  for await (const chunk of chunksOf(...sizes)) sent.push(chunk)
  t.equal(got.chunks.length, sent.length)
  for (const [at, chunk] of sent.entries()) t.equal(Buffer.compare(got.chunks[at]!, chunk), 0)
  await close()
})

t.test('sending resolves only when the receiver has made it durable', async (t) => {
  let makeDurable = (): void => {}
  const durable = new Promise<void>((resolve) => (makeDurable = resolve))
  let consumed = false
  const { a, close } = await pair(async (_, chunks) => {
    for await (const chunk of chunks) t.ok(chunk.length)
    consumed = true
    await durable
  })
  let sent = false
  const sending = a.transport.sendSnapshot('b', offer, () => chunksOf(10)).then(() => (sent = true))
  await until('consumed', () => consumed)

  t.equal(sent, false)
  makeDurable()
  await sending
  await close()
})

t.test('a receiver that refuses ends the sending with its reason', async (t) => {
  const { a, close } = await pair(async () => {
    await Promise.reject(new Error('the digest does not match'))
  })
  await t.rejects(
    a.transport.sendSnapshot('b', offer, () => chunksOf(10, 10)),
    {
      code: 'PROTOCOL',
      message: /refused the snapshot: the digest does not match/,
    },
  )
  await close()
})

t.test('a sender whose file breaks leaves the receiver with an error, not an end', async (t) => {
  let ended = ''
  const { a, close } = await pair(async (_, chunks) => {
    try {
      for await (const chunk of chunks) t.ok(chunk.length)
      ended = 'complete'
    } catch (error) {
      ended = 'error'
      throw error
    }
  })
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10)
    await Promise.reject(new Error('read failed'))
  }
  await t.rejects(
    a.transport.sendSnapshot('b', offer, () => broken()),
    { message: 'read failed' },
  )
  await until('told', () => ended !== '')
  t.equal(ended, 'error')
  await close()
})

t.test('a slow receiver holds the sender back: memory stays bounded', async (t) => {
  let go = (): void => {}
  const wait = new Promise<void>((resolve) => (go = resolve))
  let received = 0
  const { a, close } = await pair(async (_, chunks) => {
    for await (const chunk of chunks) {
      await wait
      received += chunk.length
    }
  })
  let made = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; made < 400; made++) yield await Promise.resolve(new Uint8Array(256 << 10))
  }
  const sending = a.transport.sendSnapshot('b', offer, () => endless())
  let last = -1
  // Still: nothing was made between two looks.
  await until('held back', () => {
    const still = made > 0 && made === last
    last = made
    return still
  })

  t.ok(made < 200, `${made} chunks made while none was consumed`)
  go()
  await sending
  t.equal(received, 400 * (256 << 10))
  await close()
})

t.test('a receiver that stops reading is given up by progress', async (t) => {
  const { a, close } = await pair(
    (_, chunks) => {
      chunks.beginAt(0)
      return new Promise<void>(() => {})
    },
    { snapshotStallMs: 150 },
  )
  async function* much(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 400; i++) yield await Promise.resolve(new Uint8Array(256 << 10))
  }
  await t.rejects(
    a.transport.sendSnapshot('b', offer, () => much()),
    { code: 'TIMEOUT' },
  )
  await close()
})

t.test('a receiver that never says where to begin is given up', async (t) => {
  const { a, close } = await pair(() => new Promise<void>(() => {}), { snapshotResumeMs: 150 })
  await t.rejects(
    a.transport.sendSnapshot('b', offer, () => chunksOf(1)),
    { code: 'TIMEOUT' },
  )
  await close()
})

t.test('a receiver that has a part already is sent the rest', async (t) => {
  const asked: number[] = []
  let received = 0
  const { a, close } = await pair(async (_, chunks) => {
    t.equal(chunks.beginAt(600), true)
    for await (const chunk of chunks) received += chunk.length
  })
  await a.transport.sendSnapshot('b', offer, (from) => {
    asked.push(from)
    return chunksOf(300, 100)
  })
  t.same(asked, [600])
  t.equal(received, 400)
  await close()
})

t.test('an offer beyond its own end is a fault of the receiver', async (t) => {
  const { a, close } = await pair(async (_, chunks) => {
    chunks.beginAt(1_001)
    for await (const chunk of chunks) t.ok(chunk)
  })
  await t.rejects(
    a.transport.sendSnapshot('b', offer, () => chunksOf(1)),
    { code: 'PROTOCOL', message: /out of turn/ },
  )
  await close()
})

t.test('a sender of the first version begins at the start and hears only the end', async (t) => {
  let received = 0
  const { b, close } = await pair(async (_, chunks) => {
    t.equal(chunks.beginAt(600), false)
    for await (const chunk of chunks) received += chunk.length
  })
  const old = await greetedPeer(b.transport.address, await pki.member('region', 'a'), {
    purpose: 'snapshot',
  })
  old.writeFrame(encodeSnapshotOffer(offer))
  old.writeFrame(new Uint8Array([0, 7, 7, 7]))
  old.writeFrame(new Uint8Array(0))
  await old.closed()
  t.equal(received, 3)
  const answers = old.frames.slice(1).map((frame) => decodeGreeting(frame).type)
  t.same(answers, ['snapshotDone'])
  await close()
})

t.test('one snapshot at a time is received', async (t) => {
  let free = (): void => {}
  const held = new Promise<void>((resolve) => (free = resolve))
  const { a, close } = await pair(() => held)
  const first = a.transport.sendSnapshot('b', offer, () => chunksOf(1))
  await t.rejects(Promise.race([first, a.transport.sendSnapshot('b', offer, () => chunksOf(1))]), {
    message: /Another snapshot is being received/,
  })
  free()
  await first
  await close()
})

t.test('to a peer that cannot be reached it rejects', async (t) => {
  const { a, b, close } = await pair(() => Promise.resolve())
  await b.transport.close()
  await t.rejects(
    a.transport.sendSnapshot('b', offer, () => chunksOf(1)),
    { code: 'ECONNREFUSED' },
  )
  await t.rejects(
    a.transport.sendSnapshot('z', offer, () => chunksOf(1)),
    { code: 'NOT_FOUND' },
  )
  await close()
})

const malformed = [
  { name: 'no offer', frames: [new Uint8Array([1, 2, 3])] },
  { name: 'a chunk without a mark', frames: [encodeSnapshotOffer(offer), new Uint8Array([9, 9])] },
  {
    name: 'an end inside a chunk',
    frames: [encodeSnapshotOffer(offer), new Uint8Array([1, 9]), new Uint8Array(0)],
  },
]
for (const c of malformed) {
  t.test(`${c.name} closes the connection, the receiver sees no complete snapshot`, async (t) => {
    let complete = false
    const { b, close } = await pair(async (_, chunks) => {
      for await (const chunk of chunks) t.ok(chunk)
      complete = true
    })
    const peer = await greetedPeer(b.transport.address, await pki.member('region', 'a'), {
      purpose: 'snapshot',
    })
    for (const each of c.frames) peer.writeFrame(new Uint8Array(each))
    await peer.closed()
    t.equal(complete, false)
    await close()
  })
}
