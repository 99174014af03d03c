// Three verdicts. A harness that could not do its work never reports a pass, and neither does a run in
// which a fault that it had to survive never happened.
import type { Operation } from './history.ts'

export type Verdict = 'pass' | 'fail' | 'could not tell'

/** One row of the verdict table. */
export type Finding = {
  readonly name: string
  readonly verdict: Verdict
  /** One sentence. */
  readonly summary: string
  /** Smallest part of the history that shows a failure. */
  readonly smallest: readonly Operation[]
}

export function pass(name: string, summary: string): Finding {
  return { name, verdict: 'pass', summary, smallest: [] }
}

export function fail(name: string, summary: string, smallest: readonly Operation[] = []): Finding {
  return { name, verdict: 'fail', summary, smallest }
}

export function couldNotTell(name: string, summary: string): Finding {
  return { name, verdict: 'could not tell', summary, smallest: [] }
}

/** A failure is a failure whatever else could not be told; nothing at all to judge is no pass. */
export function overall(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'fail')) return 'fail'
  if (findings.length === 0) return 'could not tell'
  return findings.every(({ verdict }) => verdict === 'pass') ? 'pass' : 'could not tell'
}
