// When a disk has too little room, when it has enough again, and who may write and lead meanwhile.
import t from 'tap'
import { hasRoom, nextAlarm, roomierVoter } from '#node/space-alarm.ts'
import type { SpaceAlarm } from '#protocol/peer.ts'

const LIMITS = { diskLowBytes: 100, diskCriticalBytes: 20, diskReserveBytes: 10 }
const CASES: readonly (readonly [before: SpaceAlarm, freeBytes: number, after: SpaceAlarm])[] = [
  ['none', 100, 'none'],
  ['none', 99, 'low'],
  ['none', 20, 'low'],
  ['none', 19, 'critical'],
  ['low', 109, 'low'],
  ['low', 159, 'low'],
  ['low', 160, 'none'],
  ['low', 19, 'critical'],
  ['critical', 39, 'critical'],
  ['critical', 40, 'low'],
  ['critical', 159, 'low'],
  ['critical', 160, 'none'],
]
for (const [before, freeBytes, after] of CASES) {
  t.test(`${before} with ${freeBytes} free becomes ${after}`, async (t) => {
    t.equal(nextAlarm(before, freeBytes, LIMITS), after)
  })
}

const VOTERS = ['a', 'b', 'c']
const alarms = (low: readonly string[]) => new Map(low.map((id) => [id, 'low' as const]))

t.test('writes are taken while a quorum has room', async (t) => {
  t.ok(hasRoom(VOTERS, new Map()))
  t.ok(hasRoom(VOTERS, alarms(['a'])))
  t.notOk(hasRoom(VOTERS, alarms(['a', 'c'])))
  t.ok(hasRoom(VOTERS, alarms(['x', 'y', 'z'])), 'learners decide nothing')
  t.notOk(hasRoom(['a'], alarms(['a'])))
})

t.test('leadership goes to a voter that said it has room', async (t) => {
  const all = new Map<string, SpaceAlarm>([
    ['a', 'low'],
    ['b', 'critical'],
    ['c', 'none'],
    ['x', 'none'],
  ])
  t.equal(roomierVoter(VOTERS, all, 'a'), 'c')
  t.equal(roomierVoter(VOTERS, alarms(['a', 'b', 'c']), 'a'), null)
  t.equal(roomierVoter(VOTERS, new Map(), 'a'), null, 'silence is no room')
})
