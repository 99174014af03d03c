// What many results of scripts come to.
import t from 'tap'
import { SCRIPT_STATUS as S } from '#model/script-result.ts'
import { isFailure, isOpen, statusOfAll } from '#model/script-status.ts'

t.test('of many statuses the first in MAAS’s order is said', async (t) => {
  const of = (...all: readonly (typeof S)[keyof typeof S][]) =>
    statusOfAll(all.map((status) => ({ status, suppressed: false })))
  t.equal(of(), -1)
  t.equal(of(S.PASSED, S.RUNNING, S.FAILED), S.RUNNING)
  t.equal(of(S.PASSED, S.FAILED, S.TIMED_OUT), S.FAILED)
  t.equal(of(S.PASSED, S.DEGRADED), S.DEGRADED)
  t.equal(of(S.PASSED, S.SKIPPED), S.PASSED)
  t.equal(of(S.SKIPPED), S.SKIPPED)
  t.equal(statusOfAll([{ status: S.FAILED, suppressed: true }]), S.PASSED)
  t.same([isOpen(S.INSTALLING), isFailure(S.INSTALLING)], [true, false])
})
