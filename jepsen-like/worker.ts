// One client of a workload: does one operation at a time and writes down what it was told. After an answer
// that tells nothing it goes on under a new process number.
import { ApiError, Client, type ClientOptions } from '../tools/client.ts'
import type { History } from './history.ts'

/** One try, then the next region; and the end of all tries. Short, so that many operations see each fault. */
const TRY_MS = 2_000
const OPERATION_MS = 6_000
/** Process numbers of a worker are its own number plus a multiple of this. */
const WORKERS_MAX = 100

export type Step = {
  readonly f: string
  readonly key: string | null
  readonly input: unknown
  /** Without an effect: not knowing the answer is as good as never having asked. */
  readonly readOnly?: boolean
  /** Resolves with the output. */
  readonly run: () => Promise<unknown>
}

export type StepResult =
  | { readonly type: 'ok'; readonly output: unknown }
  | { readonly type: 'fail' | 'info'; readonly reason: string }

export class Worker {
  readonly #history: History
  #process: number

  constructor(history: History, number: number) {
    this.#history = history
    this.#process = number
  }

  async perform(step: Step): Promise<StepResult> {
    const { f, key, input } = step
    const process = this.#process
    this.#history.add({ process, type: 'invoke', f, key, value: input })
    const result = await step.run().then(
      (output): StepResult => ({ type: 'ok', output }),
      (error: unknown): StepResult => ({ type: typeOf(error, step), reason: reasonOf(error) }),
    )
    const value = result.type === 'ok' ? result.output : result.reason
    this.#history.add({ process, type: result.type, f, key, value })
    if (result.type === 'info') this.#process += WORKERS_MAX
    return result
  }
}

/** A 4xx is the product's word that nothing was done; anything else leaves a write open. */
function typeOf(error: unknown, { readOnly }: Step): 'fail' | 'info' {
  const refused = error instanceof ApiError && error.status >= 400 && error.status < 500
  return refused || readOnly === true ? 'fail' : 'info'
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200)
}

/** A client that asks `urls` in their order, the one that answered last first. */
export function makeClient(urls: readonly string[], apiKey: string): Client {
  const options: ClientOptions = { urls, apiKey, timeoutMs: OPERATION_MS, tryTimeoutMs: TRY_MS }
  return new Client(options)
}

/** `items` from number `at` on, around. */
export function rotated<T>(items: readonly T[], at: number): readonly T[] {
  const first = at % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
