// The naive variants of the lease protocol, by the numbers of its model: each is what somebody would write who did
// not know the counterexample. They are passages of the real code, replaced in a child process.
import { type Checker, CHECKERS } from './invariants.ts'
import { RACK_VARIANTS } from './rack-variants.ts'
import { REGION_VARIANTS } from './region-variants.ts'
import type { LeaseMutant } from './variant.ts'

/** Enough for most; the rare ones say their own number. */
const SEEDS = 12

/** Any invariant may be the first to object: a variant breaks the argument before it breaks the property. */
export const LEASE_MUTANTS: readonly LeaseMutant[] = [...REGION_VARIANTS, ...RACK_VARIANTS].map(
  (patch) => ({
    ...patch,
    seedsMax: patch.seedsMax ?? SEEDS,
    caughtBy: CHECKERS.filter((checker) => isCatch(checker, patch.variant)),
  }),
)

/** Variants that the code has no place for, and the test that shows it. */
export const EXCLUDED: Readonly<Record<number, { readonly why: string; readonly test: string }>> = {
  6: {
    why: 'with drift as a rate D(1−ε) pays for a slow client too; the model’s drift is additive',
    test: 'test/cluster/model/lease-time.test.ts',
  },
  8: {
    why: 'a beat is a request of its own, sent once: none is counted from the sending of a retry',
    test: 'test/rack/endurance.test.ts',
  },
}

/** Log time that runs back is found by the product's own assertion. */
function isCatch(checker: Checker, variant: number): boolean {
  return checker !== 'liveness' && (checker !== 'assertion' || variant >= 40)
}
