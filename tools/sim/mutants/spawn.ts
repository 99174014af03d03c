// Runs a script of the simulator in a child process, with or without a mutant in what it loads. The child's
// last line on standard output is its answer, as JSON, and it exits with 0 when it came to one, whatever it is.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Mutant } from './mutant.ts'

export type ChildOptions = {
  /** Absolute path of the script. */
  readonly script: string
  readonly args: readonly string[]
  readonly mutant?: Mutant
  /** The child is killed after this. */
  readonly timeoutMs: number
}

export type ChildResult =
  | { readonly type: 'answer'; readonly answer: unknown }
  /** Stale mutant, time-out, crash of the child itself: nothing is known. */
  | { readonly type: 'noAnswer'; readonly why: string }

const ANSWER_BYTES_MAX = 1 << 20
const PRELOAD = join(import.meta.dirname, 'preload.ts')

export function runChild(options: ChildOptions): Promise<ChildResult> {
  const { script, args, mutant, timeoutMs } = options
  const preload = mutant === undefined ? [] : ['--import', PRELOAD]
  const flags = ['--disable-warning=ExperimentalWarning', ...preload]
  const env = { ...process.env, ...(mutant && { IRONRAFT_MUTANT: JSON.stringify(mutant) }) }
  const child = spawn(process.execPath, [...flags, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...{ env, timeout: timeoutMs, killSignal: 'SIGKILL' },
  })
  const out = { text: '' }
  const errors = { text: '' }
  child.stdout.on('data', (chunk: Buffer) => keepEnd(out, chunk))
  child.stderr.on('data', (chunk: Buffer) => keepEnd(errors, chunk))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ type: 'noAnswer', why: error.message }))
    child.on('close', (code, signal) => {
      const answer = code === 0 ? readAnswer(out.text) : undefined
      if (signal !== null) resolve({ type: 'noAnswer', why: `ended by ${signal}` })
      else resolve(answer ?? { type: 'noAnswer', why: whyNot(code, errors.text) })
    })
  })
}

function keepEnd(kept: { text: string }, chunk: Buffer): void {
  kept.text = (kept.text + chunk.toString('utf8')).slice(-ANSWER_BYTES_MAX)
}

function readAnswer(text: string): ChildResult | undefined {
  const line = text.trimEnd().split('\n').at(-1) ?? ''
  try {
    return { type: 'answer', answer: JSON.parse(line) as unknown }
  } catch {
    // No JSON: the child did not come to an answer.
    return undefined
  }
}

function whyNot(code: number | null, errors: string): string {
  const lines = errors.trim().split('\n')
  const said = lines.find((line) => /error|stale|never loaded/i.test(line)) ?? lines[0] ?? ''
  return `exit ${String(code)}: ${said.trim()}`
}
