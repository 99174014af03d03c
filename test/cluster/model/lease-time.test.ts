// lease-protocol §1.2, §4 and §9: what a rack counts ends before what the region counts, whatever the clocks do.
import fc from 'fast-check'
import t from 'tap'
import {
  holdMs,
  holdRemainingMs,
  offlineLeaseSeconds,
  restoreQuarantineMs,
  TENURE_MS,
  tenureDeadlineMs,
  tenureHoldMs,
} from '#model/lease-time.ts'

const rate = fc.constantFrom(0.9, 0.95, 1, 1.05, 1.1)

t.test('the times of the defaults', async (t) => {
  t.equal(holdMs(600, 0), 733_334 + 60_000)
  t.equal(tenureHoldMs(), 1_980_000 + 60_000)
  t.equal(tenureDeadlineMs(500), 500 + 1_620_000)
  t.equal(restoreQuarantineMs(), 105_600_000 + 60_000)
})

t.test('a rack whose clock is slow is over before the region on a fast one (I3)', async (t) => {
  fc.assert(
    fc.property(rate, rate, (rackRate, logRate) => {
      const realMs = tenureDeadlineMs(0) / rackRate
      if (realMs * logRate >= tenureHoldMs()) throw new Error('the region lapsed first')
    }),
  )
  t.ok(tenureDeadlineMs(0) < TENURE_MS)
})

t.test('a client outlives neither the tenure nor the hold it was served from (I1)', async (t) => {
  const lease = fc.integer({ min: 10, max: 86_400 })
  const at = fc.integer({ min: 0, max: 3_000_000 })
  fc.assert(
    fc.property(
      lease,
      at,
      rate,
      rate,
      rate,
      (leaseSeconds, nowMs, rackRate, logRate, clientRate) => {
        const check = (remainingMs: number, promisedLogMs: number) => {
          const told = offlineLeaseSeconds(leaseSeconds, remainingMs)
          if (told === 0) return
          const endsAtRealMs = nowMs / rackRate + (told * 1000) / clientRate
          if (endsAtRealMs * logRate > promisedLogMs) throw new Error('the client is not protected')
        }
        check(tenureDeadlineMs(0) - nowMs, tenureHoldMs())
        const until = 5_000 + holdMs(leaseSeconds, 0)
        check(holdRemainingMs(until, { sentAtMs: 0, stamp: 5_000 }, nowMs), until - 5_000)
      },
    ),
    { numRuns: 2_000 },
  )
  t.pass('for all rates tried')
})

t.test('a lease of less than ten seconds is not told', async (t) => {
  t.equal(offlineLeaseSeconds(600, 11_000), 0)
  t.equal(offlineLeaseSeconds(600, 11_200), 10)
  t.equal(offlineLeaseSeconds(600, 10_000_000), 600)
  t.equal(offlineLeaseSeconds(600, -1), 0)
})

t.test(
  'even a client told all the rack has left is protected, if drift is a rate (variant 6)',
  async (t) => {
    const lease = fc.integer({ min: 0, max: 1_620_000 })
    fc.assert(
      fc.property(lease, rate, rate, rate, (nowMs, rackRate, logRate, clientRate) => {
        const endsAtRealMs = nowMs / rackRate + (tenureDeadlineMs(0) - nowMs) / clientRate
        if (endsAtRealMs * logRate > tenureHoldMs()) throw new Error('the client is not protected')
      }),
      { numRuns: 2_000 },
    )
    t.pass('for all rates tried')
  },
)
