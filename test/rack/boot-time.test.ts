// When the boot clock is not believed (lease-protocol A3), and that it is CLOCK_BOOTTIME at all.
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { BootClockWatch, readBootId } from '#rack/boot-time.ts'
import { loadFfiCalls } from '#rack/net/ffi-calls.ts'
import { loadKoffiCalls } from '#rack/net/koffi-calls.ts'
import { openBootClock } from '#rack/net/boot-clock.ts'

function makeWatch() {
  const time = { boot: 1_000_000, wall: 5_000_000 }
  const watch = new BootClockWatch({ bootMs: () => time.boot, wallMs: () => time.wall })
  return { watch, pass: (boot: number, wall: number) => ((time.boot += boot), (time.wall += wall)) }
}

for (const [name, boot, wall, isSound] of [
  ['both go on', 60_000, 60_000, true],
  ['the wall clock slews', 60_000, 64_000, true],
  ['the wall clock is stepped a little', 100, 1_900, true],
  ['the boot clock stood still', 100, 60_000, false],
  ['the wall clock jumped back', 60_000, -60_000, false],
  ['the boot clock went back', -1, 1_000, false],
] as const) {
  t.test(`${name}: ${isSound ? 'believed' : 'not believed'}`, async (t) => {
    const { watch, pass } = makeWatch()
    pass(boot, wall)
    t.equal(watch.read().isSound, isSound)
    t.equal(watch.era, isSound ? 0 : 1)
    pass(1_000, 1_000)
    t.ok(watch.read().isSound, 'and is believed again from then on')
  })
}

t.test('a later process judges by what an earlier one wrote', async (t) => {
  const { watch } = makeWatch()
  t.ok(watch.agreesWith({ sentAtMs: 900_000, sentAtWallMs: 4_900_000 }))
  t.notOk(watch.agreesWith({ sentAtMs: 900_000, sentAtWallMs: 4_000_000 }))
  t.notOk(watch.agreesWith({ sentAtMs: 1_000_001, sentAtWallMs: 5_000_000 }))
})

for (const load of [loadFfiCalls, loadKoffiCalls]) {
  t.test(`${load.name}: CLOCK_BOOTTIME agrees with the kernel's uptime and goes on`, async (t) => {
    const bootMs = openBootClock(await load())
    if (bootMs === undefined) throw new Error('no clock')
    const [uptime = '0'] = (await readFile('/proc/uptime', 'utf8')).split(' ')
    const before = bootMs()
    // A container may have an uptime of its own, never a longer one.
    t.ok(before >= Number(uptime) * 1000 - 5_000)
    await new Promise((resolve) => setImmediate(resolve))
    t.ok(bootMs() > before)
  })
}

t.test('the kernel tells which boot this is', async (t) => {
  t.match(await readBootId(), /^[0-9a-f-]{36}$/)
})
