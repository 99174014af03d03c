// The memory of clients nobody answered: since when, for how long, how many.
import t from 'tap'
import { WaitingClients } from '#rack/dhcp/waiting-clients.ts'

t.test('a client waits since its first unanswered broadcast', async (t) => {
  const waiting = new WaitingClients()
  t.equal(waiting.waitedMs('a', 100), 0)
  waiting.note('a', 100)
  waiting.note('a', 2_100)
  t.equal(waiting.waitedMs('a', 3_100), 3_000)
  waiting.forget('a')
  t.equal(waiting.waitedMs('a', 3_200), 0)
})

t.test('a client silent for a minute starts anew', async (t) => {
  const waiting = new WaitingClients()
  waiting.note('a', 0)
  t.equal(waiting.waitedMs('a', 60_000), 60_000)
  t.equal(waiting.waitedMs('a', 60_001), 0)
  waiting.note('a', 70_000)
  t.equal(waiting.waitedMs('a', 70_500), 500)
})

t.test('memory is bounded: the longest silent goes first', async (t) => {
  const waiting = new WaitingClients()
  for (let n = 0; n < 5_000; n++) waiting.note(`c${n}`, n)
  t.equal(waiting.size, 4_096)
  t.equal(waiting.waitedMs('c0', 5_000), 0)
  t.equal(waiting.waitedMs('c4999', 5_000), 1)
})
