// Runs in a thread of its own (`xpath-thread.ts`): which of the documents an XPath 1.0 expression is true of, by
// XPath's own rule for truth (§3.4, boolean()). An expression may take for ever; whoever waits ends this thread.
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { DOMParser } from '@xmldom/xmldom'

type XPath = {
  /** Throws when it is no expression. */
  readonly parse: (expression: string) => {
    readonly evaluateBoolean: (options: { readonly node: unknown }) => boolean
  }
}
// Its own types bring the browser's globals with them, which would hide mistakes everywhere else.
const xpath = createRequire(import.meta.url)('xpath') as XPath

export type MatcherInput = { readonly definition: string; readonly documents: readonly string[] }
/** Positions of the documents that match, or what is wrong with the expression. */
export type MatcherOutput = { readonly matched: readonly number[] } | { readonly wrong: string }

export function match({ definition, documents }: MatcherInput): MatcherOutput {
  try {
    const expression = xpath.parse(`boolean(${definition})`)
    const matched = documents.flatMap((text, at) => {
      const node = new DOMParser().parseFromString(text, 'text/xml')
      return expression.evaluateBoolean({ node }) ? [at] : []
    })
    return { matched }
  } catch (error) {
    return { wrong: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : 'unknown' }
  }
}

parentPort?.on('message', (input: MatcherInput) => parentPort?.postMessage(match(input)))
