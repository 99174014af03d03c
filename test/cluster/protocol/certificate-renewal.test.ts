// The duty to renew, on a clock that the test moves: when it asks, what it says when it gets nothing, and that it
// goes on asking.
import t from 'tap'
import { CertificateRenewal, validityOf } from '#protocol/certificate-renewal.ts'
import { issueMember } from '#transport/pki.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const pki = await makeTestPki()
const caPem = pki.ca.certificatePem
const LIFETIME_MS = 30_000

const issue = (wallMs: number) => {
  const member = { kind: 'rack' as const, id: 'r', clusterId: pki.clusterId, hosts: [] }
  return issueMember(pki.ca, { ...member, lifetimeMs: LIFETIME_MS }, wallMs)
}

async function makeStage() {
  const clock = makeFakeClock()
  const { logger, lines } = makeLogRecorder()
  const metrics = makeCountingMetrics()
  const waiting: { delayMs: number; task: () => void }[] = []
  let { certificatePem } = await issue(clock.wallMs())
  let failure: Error | null = null
  let asked = 0
  let held: Promise<void> | null = null
  const duty = new CertificateRenewal({
    ...{ clock, logger, metrics, remedy: 'do this' },
    scheduler: {
      soon: (task) => task(),
      every: () => () => {},
      after: (delayMs, task) => {
        const one = { delayMs, task }
        waiting.push(one)
        return () => void waiting.splice(waiting.indexOf(one), 1)
      },
    },
    current: () => ({ certificatePem, caPem }),
    renew: async () => {
      asked++
      await held
      if (failure !== null) throw failure
      certificatePem = (await issue(clock.wallMs())).certificatePem
    },
  })
  const fail = (error: Error | null): void => void (failure = error)
  const holdUntil = (until: Promise<void>): void => void (held = until)
  const shown = () => ({ asked, expiresMs: validityOf(certificatePem).expiresMs })
  return { clock, lines, metrics, waiting, duty, fail, shown, holdUntil }
}

t.test('nothing is asked for before two thirds of the lifetime, then one', async (t) => {
  const { clock, lines, duty, shown } = await makeStage()
  const first = shown().expiresMs
  clock.advance(19_000)
  await duty.check()
  t.equal(shown().asked, 0)
  clock.advance(1_000)
  await duty.check()
  t.same(shown(), { asked: 1, expiresMs: first + 20_000 }, 'it lives as long as the one before')
  t.match(lines, [{ event: 'certificate.renewed', fields: { expires: /^20/ } }])
  await duty.check()
  t.equal(shown().asked, 1, 'the next one is not due')
})

t.test(
  'one that cannot be got is asked for again: a warning, then an error with the remedy',
  async (t) => {
    const { clock, lines, duty, fail, shown } = await makeStage()
    fail(new Error('no region', { cause: new Error('refused') }))
    clock.advance(21_000)
    await duty.check()
    t.match(lines.at(-1), {
      event: 'certificate.renewal_failed',
      level: 'warn',
      fields: { error: 'no region: refused' },
    })
    clock.advance(10_000)
    await duty.check()
    t.match(lines.at(-1), {
      event: 'certificate.expired',
      level: 'error',
      fields: { remedy: 'do this' },
    })
    fail(null)
    await duty.check()
    t.equal(lines.at(-1)?.event, 'certificate.renewed')
    t.equal(shown().asked, 3)
  },
)

t.test('a wall clock that jumps past the end is seen at the next look', async (t) => {
  const { clock, duty, shown } = await makeStage()
  clock.jumpWall(90 * 86_400_000)
  await duty.check()
  t.equal(shown().asked, 1)
  t.ok(shown().expiresMs > clock.wallMs())
})

t.test('it looks again and again until it is closed', async (t) => {
  const { clock, waiting, duty, shown } = await makeStage()
  duty.start()
  await new Promise(setImmediate)
  t.equal(waiting.length, 1)
  clock.advance(20_000)
  waiting.shift()?.task()
  await duty.close()
  t.equal(shown().asked, 1, 'what was under way is waited for')
  await new Promise(setImmediate)
  t.equal(waiting.length, 0, 'no further look')
})

t.test(
  'closing ends the waiting for the next look, and waits for a renewal under way',
  async (t) => {
    const idle = await makeStage()
    idle.duty.start()
    await new Promise(setImmediate)
    t.equal(idle.waiting.length, 1)
    await idle.duty.close()
    t.equal(idle.waiting.length, 0)

    const busy = await makeStage()
    let end: () => void = () => {}
    busy.holdUntil(new Promise<void>((resolve) => void (end = resolve)))
    busy.clock.advance(20_000)
    busy.duty.start()
    let closed = false
    const closing = busy.duty.close().then(() => void (closed = true))
    await new Promise(setImmediate)
    t.equal(closed, false)
    end()
    await closing
    t.equal(busy.shown().asked, 1)
  },
)

t.test('metrics tell when the certificate and the CA end, and how renewals went', async (t) => {
  const { clock, metrics, duty, fail, shown } = await makeStage()
  fail(new Error('no'))
  clock.advance(20_000)
  await duty.check()
  fail(null)
  await duty.check()
  const name = 'ironraft_certificate_expiry_timestamp_seconds'
  t.equal(metrics.gauged(name, 'own'), shown().expiresMs / 1_000)
  t.equal(metrics.gauged(name, 'ca'), validityOf(caPem).expiresMs / 1_000)
  const renewals = 'ironraft_certificate_renewals_total'
  t.equal(metrics.total(renewals, 'true'), 1)
  t.equal(metrics.total(renewals, 'false'), 1)
})
