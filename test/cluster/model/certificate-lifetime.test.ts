// When a certificate is renewed, and what an operator may ask for.
import t from 'tap'
import {
  BACKDATED_MS,
  checkDelayMs,
  isExpired,
  lifetimeMs,
  parseLifetime,
  renewAtMs,
} from '#model/certificate-lifetime.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const made = 1_700_000_000_000
const lasting = (lifetime: number) => {
  return { notBeforeMs: made - BACKDATED_MS, expiresMs: made + lifetime }
}

t.test(
  'a certificate is renewed at two thirds of its lifetime, counted from when it was made',
  async (t) => {
    t.equal(lifetimeMs(lasting(365 * DAY)), 365 * DAY)
    t.equal(renewAtMs(lasting(30_000)), made + 20_000)
    t.equal(renewAtMs(lasting(366 * DAY)), made + 244 * DAY)
  },
)

t.test('one that lived no day at all is still renewed before it ends', async (t) => {
  const foreign = { notBeforeMs: made, expiresMs: made + 60_000 }
  t.ok(renewAtMs(foreign) < foreign.expiresMs)
  t.ok(renewAtMs(foreign) > foreign.notBeforeMs)
})

t.test('it is good until its end, that moment included', async (t) => {
  t.equal(isExpired(lasting(30_000), made + 30_000), false)
  t.equal(isExpired(lasting(30_000), made + 30_001), true)
})

t.test('the last third has room for many tries, and a year is looked at every hour', async (t) => {
  t.equal(checkDelayMs(lasting(365 * DAY)), HOUR)
  for (const lifetime of [15_000, 60_000, HOUR, DAY]) {
    const tries = lifetime / 3 / checkDelayMs(lasting(lifetime))
    t.ok(tries >= 20, `${tries} tries in the last third of ${lifetime} ms`)
  }
})

t.test('a lifetime is a number and a unit, ten seconds to ten years', async (t) => {
  const good = { '365d': 365 * DAY, '12h': 12 * HOUR, '90m': 90 * 60_000, '10s': 10_000 }
  for (const [text, ms] of Object.entries(good)) t.equal(parseLifetime(text), ms, text)
  const bad = ['', '0d', '9s', '3651d', '-1d', '1.5d', '30', 'd', '1 d', '1w', '01d', '99999999d']
  for (const text of bad) t.equal(parseLifetime(text), undefined, text)
})
