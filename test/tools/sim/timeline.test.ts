import t from 'tap'
import { Host } from '#tools/sim/host.ts'
import { Timeline } from '#tools/sim/timeline.ts'

t.test('events happen in the order of their time, then of their making', async (t) => {
  const timeline = new Timeline()
  const seen: string[] = []
  const note = (name: string) => () => void seen.push(`${name}@${timeline.nowUs}`)
  timeline.at(30, note('late'))
  timeline.at(10, note('first'))
  timeline.at(10, () => {
    timeline.soon(note('soon'))
    timeline.at(5, note('past'))
  })
  timeline.cancel(timeline.at(20, note('never')))
  await timeline.run(25)
  t.same(seen, ['first@10', 'soon@10', 'past@10'])
  t.equal(timeline.nowUs, 25)
  await timeline.run(30)
  t.equal(seen.at(-1), 'late@30')
})

t.test('all continuations of a promise run before the next event', async (t) => {
  const timeline = new Timeline()
  const seen: string[] = []
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
    seen.push('chain')
  }
  timeline.at(1, () => {
    timeline.dirty = true
    void chain()
  })
  timeline.at(2, () => void seen.push('next'))
  await timeline.run(3)
  t.same(seen, ['chain', 'next'])
})

const setUp = () => {
  const timeline = new Timeline()
  const host = new Host(timeline, { startMs: 500, afterTask: () => {} })
  return { timeline, host }
}

t.test(
  'a paused host does nothing, and afterwards what it missed, once and in order',
  async (t) => {
    const { timeline, host } = setUp()
    const seen: string[] = []
    host.scheduler().every(10, () => void seen.push('tick'))
    await timeline.run(15_000)
    host.pause()
    host.run(() => void seen.push('message'))
    await timeline.run(95_000)
    t.same(seen, ['tick'])
    host.resume()
    await timeline.run(95_001)
    t.same(seen, ['tick', 'message', 'tick'])
  },
)

t.test('a killed process does nothing any more', async (t) => {
  const { timeline, host } = setUp()
  const seen: string[] = []
  const scheduler = host.scheduler()
  scheduler.every(10, () => void seen.push('tick'))
  scheduler.soon(() => void seen.push('soon'))
  scheduler.after(5, () => void seen.push('after'))
  host.kill()
  await timeline.run(1_000_000)
  t.same(seen, [])
})

t.test('clocks drift, stop, jump and start anew; the monotonic one never runs back', async (t) => {
  const { timeline, host } = setUp()
  const { clock } = host
  t.equal(clock.monotonicMs(), 500)
  host.setClockRate(2)
  await timeline.run(10_000)
  t.equal(clock.monotonicMs(), 520)
  host.setClockRate(0)
  await timeline.run(50_000)
  t.equal(clock.monotonicMs(), 520)
  const wall = clock.wallMs()
  host.jumpWall(-3_600_000)
  t.equal(clock.wallMs(), wall - 3_600_000)
  t.equal(clock.monotonicMs(), 520)
  host.reboot(7)
  t.equal(clock.monotonicMs(), 7, 'of another boot')
  t.equal(clock.wallMs(), wall - 3_600_000, 'the wall clock has a battery')
})
