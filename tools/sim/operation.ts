// One thing that a client asked of the region, and how it ended: the history that checkers judge.
import type { Command } from '#state/command.ts'

/** How an operation ended for its client. */
export type Ended =
  /** `revision`: the region says that it had applied it by then. */
  | { readonly result: 'ok'; readonly revision: number; readonly value: unknown }
  /** A committed no. */
  | { readonly result: 'refused'; readonly revision: number; readonly code: string }
  /** Time-out or death of the region asked, in every try: it may have happened, or happen later. */
  | { readonly result: 'unknown' }

export type Request =
  | { readonly kind: 'write'; readonly command: Command }
  /** Linearizable, of one free setting. */
  | { readonly kind: 'read'; readonly key: string }

export type FinishedOperation = {
  /** Unique; also in the row that the command writes, so that its effect can be found. */
  readonly id: string
  readonly client: number
  readonly request: Request
  readonly invokedUs: number
  readonly endedUs: number
  /** Highest revision that any client had been answered with before this was invoked. */
  readonly floor: number
  readonly ended: Ended
}

/** Free settings that the simulated clients write and read. */
export function settingName(key: string): string {
  return `custom/${key}`
}
