// Evaluates XPath expressions in one thread beside the event loop, one job after another. An expression may be as dear as
// its author likes: a job that is not done in time ends the thread, the next one begins another.
import { Worker } from 'node:worker_threads'
import { describeError } from '#platform/system.ts'
import type { MatcherInput, MatcherOutput } from './tag-matcher.ts'

/** Of the thread, which an expression may fill. */
const MEMORY_MIB_MAX = 256
/** Waiting jobs; beyond it they are refused. Each is one request's, with 200 documents of some kilobytes at most. */
const WAITING_MAX = 1_000
export const TOO_LONG = 'it takes too long'

let thread: Worker | undefined
let last: Promise<unknown> = Promise.resolve()
let waiting = 0

/** Never rejects. `timeoutMs` counts from when its turn came. */
export async function evaluate(input: MatcherInput, timeoutMs: number): Promise<MatcherOutput> {
  if (waiting >= WAITING_MAX) return { wrong: 'too many evaluations are waiting' }
  waiting++
  const turn = last.then(() => runOne(input, timeoutMs)).finally(() => waiting--)
  last = turn
  return await turn
}

async function runOne(input: MatcherInput, timeoutMs: number): Promise<MatcherOutput> {
  const worker = (thread ??= startThread())
  const output = await new Promise<MatcherOutput>((resolve) => {
    const late = setTimeout(() => end({ wrong: TOO_LONG }), timeoutMs)
    const onMessage = (message: MatcherOutput): void => end(message)
    const onError = (error: unknown): void => end({ wrong: describeError(error) })
    const onExit = (): void => end({ wrong: 'the thread ended' })
    const end = (result: MatcherOutput): void => {
      clearTimeout(late)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      // Whoever only waits for the next job keeps no process alive.
      worker.unref()
      if (result !== undefined && 'wrong' in result && result.wrong === TOO_LONG) drop(worker)
      resolve(result)
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.ref()
    worker.postMessage(input)
  })
  return output
}

function startThread(): Worker {
  const worker = new Worker(new URL('./tag-matcher.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB_MAX },
  })
  worker.once('exit', () => {
    if (thread === worker) thread = undefined
  })
  // One that is between two jobs has nobody to tell; `exit` follows.
  worker.on('error', () => {})
  return worker
}

function drop(worker: Worker): void {
  if (thread === worker) thread = undefined
  void worker.terminate()
}
