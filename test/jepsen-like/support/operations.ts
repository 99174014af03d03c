// Short histories by hand: one line an operation, times in whole units.
import type { Operation } from '#chaos/history.ts'

/** `[from, to]`; without `to` it never returned. */
export type Span = readonly [number, number?]

export function operation(
  f: string,
  [invokedNs, returnedNs]: Span,
  more: Partial<Operation> = {},
): Operation {
  return {
    ...{ process: 0, f, key: 'x', input: null, output: null },
    ...{ invokedNs, returnedNs: returnedNs ?? Infinity },
    outcome: returnedNs === undefined ? 'info' : 'ok',
    ...more,
  }
}

export const write = (input: string, span: Span): Operation => operation('write', span, { input })
export const read = (output: string | null, span: Span): Operation =>
  operation('read', span, { output })
export const cas = (from: string | null, to: string, took: boolean | null, span: Span): Operation =>
  operation('cas', span, { input: { from, to }, output: took })
