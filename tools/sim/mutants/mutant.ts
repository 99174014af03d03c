// A mutant is a deliberate bug: one passage of a product source replaced while it is loaded, in a process of
// the simulator only. Product code has no switches. What no checker catches is a hole in the simulator.

import type { Focus } from '../run-seed.ts'

export type Mutant = {
  /** Unique; kebab-case. */
  readonly name: string
  /** From the root of the sources, with `/`. */
  readonly file: string
  /** Occurs exactly once in the file, or the mutant is stale. */
  readonly find: string
  readonly replace: string
  /** What a system with this bug does wrong, and who had it once. */
  readonly why: string
  /** Checkers of which one must be the first to object; anything else is not the catch that was meant. */
  readonly caughtBy: readonly string[]
  /** Where the bug can show, when it is rare: its runs are about that only. */
  readonly focus?: Focus
  /** Within so many seeds, counted from 0. */
  readonly seedsMax: number
}

/** The mutated source. Throws when the passage is not there exactly once: the mutant is stale. */
export function mutate(mutant: Mutant, source: string): string {
  const parts = source.split(mutant.find)
  if (parts.length !== 2) {
    const times = parts.length - 1
    throw new Error(
      `mutant ${mutant.name} is stale: its passage is ${times} times in ${mutant.file}`,
    )
  }
  return parts.join(mutant.replace)
}
