// Log time of one node (lease-protocol §1.1): the last entry's stamp plus what this node's own
// monotonic clock counted since that entry became the last of its log. It never runs back and can only
// run slow: across leaders, restarts, stopped clocks and wall-clock jumps.
import assert from 'node:assert/strict'
import type { Clock } from '#model/ports.ts'
import type { LogTime } from '#raft/types.ts'

export function makeLogTime(clock: Clock): LogTime {
  let stamp = 0
  let since = clock.monotonicMs()
  return {
    lastEntry: (lastStamp) => {
      assert(lastStamp >= 0)
      stamp = lastStamp
      since = clock.monotonicMs()
    },
    next: () => {
      const elapsedMs = Math.max(0, Math.floor(clock.monotonicMs() - since))
      return stamp + elapsedMs
    },
  }
}
