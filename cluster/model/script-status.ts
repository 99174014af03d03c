// What the statuses of script results mean together (maas-api §7): which are final, which are failures, and what a set
// of them comes to.
import { SCRIPT_STATUS as S, type ScriptResult, type ScriptStatus } from './script-result.ts'

const OPEN: ReadonlySet<ScriptStatus> = new Set([
  ...[S.PENDING, S.RUNNING, S.INSTALLING, S.APPLYING_NETCONF],
])
const FAILURES: ReadonlySet<ScriptStatus> = new Set([
  ...[S.FAILED, S.TIMED_OUT, S.FAILED_INSTALLING, S.FAILED_APPLYING_NETCONF],
])

/** It may still change. */
export function isOpen(status: ScriptStatus): boolean {
  return OPEN.has(status)
}

/** A machine is not used with such a result, unless somebody suppressed it. */
export function isFailure(status: ScriptStatus): boolean {
  return FAILURES.has(status)
}

/** What is said of many is the first of these that one of them has, as MAAS orders them. */
const PRECEDENCE: readonly ScriptStatus[] = [
  ...[S.RUNNING, S.APPLYING_NETCONF, S.INSTALLING, S.PENDING, S.ABORTED, S.FAILED],
  ...[S.FAILED_INSTALLING, S.FAILED_APPLYING_NETCONF, S.TIMED_OUT, S.DEGRADED, S.PASSED],
  S.SKIPPED,
]

/** −1: there are none. What was suppressed counts as passed. */
export function statusOfAll(
  results: readonly Pick<ScriptResult, 'status' | 'suppressed'>[],
): ScriptStatus | -1 {
  if (results.length === 0) return -1
  const seen = new Set(results.map((row) => (row.suppressed ? S.PASSED : row.status)))
  return PRECEDENCE.find((status) => seen.has(status)) ?? -1
}
