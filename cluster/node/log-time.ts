// Log time of one node (lease-protocol §1.1): the last entry's stamp plus what this node's own
// monotonic clock counted since that entry became the last of its log. It never runs back and can only
// run slow: across leaders, restarts, stopped clocks and wall-clock jumps.
import assert from 'node:assert/strict'
import type { Clock } from '#model/ports.ts'
import type { LogTime } from '#raft/types.ts'

export function makeLogTime(clock: Clock): LogTime {
  let stamp = 0
  let since = clock.monotonicMs()
  // What `next` gave out: the fraction of a millisecond it left over counts for the following stamp.
  // Without it a leader that appends more often than once a millisecond would stop log time.
  let given = { stamp: -1, since: 0 }
  return {
    lastEntry: (lastStamp) => {
      assert(lastStamp >= 0)
      since = given.stamp === lastStamp ? given.since : clock.monotonicMs()
      stamp = lastStamp
      given = { stamp: -1, since: 0 }
    },
    next: () => {
      const elapsedMs = Math.max(0, Math.floor(clock.monotonicMs() - since))
      given = { stamp: stamp + elapsedMs, since: since + elapsedMs }
      return given.stamp
    },
  }
}
