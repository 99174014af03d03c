// One naive variant of the lease protocol, by its number in the model: a patch of the real code.
import type { Mutant } from '../mutants/mutant.ts'
import type { ProfileName } from './profile.ts'

export type LeaseMutant = Mutant & { readonly variant: number; readonly profile: ProfileName }

/** `why` is the counterexample of the model in one sentence; any invariant may catch it. */
export type Variant = Omit<LeaseMutant, 'caughtBy' | 'seedsMax'> & { readonly seedsMax?: number }
