// Bytes per second, with a debt for what is larger than the bucket.
import t from 'tap'
import { throttled, TokenBucket } from '#node/token-bucket.ts'
import { systemClock, systemScheduler } from '#platform/system.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const limit = { bytesPerSecond: 1_000, burstBytes: 100 }

t.test('a full bucket lets its burst go at once, then the rate counts', async (t) => {
  const clock = makeFakeClock()
  const bucket = new TokenBucket(clock, limit)
  t.equal(bucket.take(60), 0)
  t.equal(bucket.take(90), 0, 'the last one may overdraw')
  t.equal(bucket.take(10), 50, 'the debt of 50 bytes takes 50 ms')
  clock.advance(60)
  t.equal(bucket.take(1), 0)
})

t.test('an idle bucket holds no more than its burst', async (t) => {
  const clock = makeFakeClock()
  const bucket = new TokenBucket(clock, limit)
  clock.advance(1_000_000)
  t.equal(bucket.take(100), 0)
  t.equal(bucket.take(1), 0)
  t.equal(bucket.take(1), 1)
})

t.test('over any time no more passes than burst, rate and one piece allow', async (t) => {
  const clock = makeFakeClock()
  const bucket = new TokenBucket(clock, limit)
  let passed = 0
  for (let ms = 0; ms < 10_000; ) {
    const waitMs = bucket.take(30)
    clock.advance(waitMs)
    ms += waitMs
    passed += 30
  }
  t.ok(passed <= 100 + 10_000 + 2 * 30, `${passed} bytes in 10 s`)
  t.ok(passed >= 10_000, `${passed} bytes in 10 s`)
})

t.test('throttled chunks are the same chunks, later', async (t) => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 4; i++) yield await Promise.resolve(new Uint8Array(40).fill(i))
  }
  const bucket = new TokenBucket(systemClock, limit)
  const beganMs = performance.now()
  const got: number[] = []
  for await (const chunk of throttled(chunks(), { bucket, scheduler: systemScheduler }))
    got.push(chunk[0] ?? -1)
  t.same(got, [0, 1, 2, 3])
  t.ok(performance.now() - beganMs >= 15, 'the fourth waited for the debt of 20 bytes')
})
