// Log time never runs back along the log, and never faster than a clock within ε could count (lease-protocol
// §1.1): it may run slow, across leaders, restarts and jumps of the wall clock.
import type { MakeChecker } from '../checker.ts'

const FASTEST = 1.1

export const logTime: MakeChecker = ({ ledger, fail }) => ({
  name: 'log-time',
  onCommitted: ({ entry, by, atUs }) => {
    const { index, stamp } = entry
    const before = ledger.at(index - 1)
    if (before !== undefined && stamp < before.entry.stamp) {
      fail(`log time runs back from ${before.entry.stamp} to ${stamp} at ${index}`)
    }
    const latestMs = (atUs / 1_000) * FASTEST
    if (stamp > latestMs) {
      fail(
        `log time is ${stamp} ms at ${index} of ${by}, ${Math.floor(latestMs)} ms can have passed`,
      )
    }
  },
})
