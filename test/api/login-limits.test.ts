import t from 'tap'
import { LoginLimits } from '#api/login-limits.ts'

const tries = (limits: LoginLimits, account: string, address: string, nowMs: number): number => {
  let count = 0
  while (limits.take(account, address, nowMs) === 0) count++
  return count
}

t.test('an account has ten tries, then one every 30 s, from wherever', async (t) => {
  const limits = new LoginLimits()
  let allowed = 0
  for (let n = 0; n < 40; n++) {
    if (limits.take('admin', `192.0.2.${n}`, 0) === 0) allowed++
  }
  t.equal(allowed, 10)
  t.equal(limits.take('admin', '192.0.2.200', 29_000), 1_000)
  t.equal(limits.take('admin', '192.0.2.200', 30_000), 0)
  t.equal(limits.take('admin', '192.0.2.200', 30_000), 30_000)
  t.equal(tries(limits, 'admin', '192.0.2.201', 86_400_000), 10, 'never more than the burst')
})

t.test('an address has twenty tries, then one every 10 s, on whichever account', async (t) => {
  const limits = new LoginLimits()
  let allowed = 0
  for (let n = 0; n < 40; n++) if (limits.take(`user${n}`, '192.0.2.1', 0) === 0) allowed++
  t.equal(allowed, 20)
  t.equal(limits.take('other', '192.0.2.1', 4_000), 6_000)
  t.equal(limits.take('other', '192.0.2.2', 4_000), 0)
})

t.test('a try that is given back did not count', async (t) => {
  const limits = new LoginLimits()
  for (let n = 0; n < 100; n++) {
    t.equal(limits.take('admin', '192.0.2.1', 0), 0)
    limits.giveBack('admin', '192.0.2.1', 0)
  }
  t.equal(tries(limits, 'admin', '192.0.2.1', 0), 10)
})

const PLACES = [
  { one: '2001:db8:1:2::1', other: '2001:db8:1:2:ffff::9', same: true },
  { one: '2001:db8:1:2:3:4:5:6', other: '2001:db8:1:2::', same: true },
  { one: '2001:db8::1', other: '2001:db8:0:0:5::1', same: true },
  { one: '::1', other: '::2', same: true },
  { one: '2001:db8:1:2::1', other: '2001:db8:1:3::1', same: false },
  { one: '::ffff:192.0.2.1', other: '::ffff:192.0.2.2', same: false },
]
for (const { one, other, same } of PLACES) {
  t.test(`${one} and ${other} are ${same ? 'one place' : 'two places'}`, async (t) => {
    const limits = new LoginLimits()
    for (let n = 0; n < 20; n++) limits.take(`user${n}`, one, 0)
    t.equal(limits.take('last', other, 0) > 0, same)
  })
}

t.test('memory is bounded: a flood of names leaves the newest half', async (t) => {
  const limits = new LoginLimits()
  t.equal(tries(limits, 'admin', '192.0.2.1', 0), 10)
  for (let n = 0; n < 30_000; n++) limits.take(`n${n}`, `192.0.${n >> 8}.${n & 255}`, 0)
  t.equal(limits.take('admin', '192.0.2.9', 0), 0, 'forgotten')
})
