// Runs a program that speaks to a BMC. No shell; secrets travel in the environment, never in argv, where every user of
// the host could read them; output is limited; the program and all that it started end with the signal.
import { type ChildProcess, spawn } from 'node:child_process'
import { homedir } from 'node:os'
import type { Readable } from 'node:stream'
import { PowerFailure } from './driver.ts'

export type ToolRun = {
  readonly tool: string
  readonly args: readonly string[]
  /** Beside PATH, HOME and a C locale; may hold secrets. */
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Debian's package, for whoever does not have it. */
  readonly debianPackage: string
}

export type ToolResult = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type RunTool = (run: ToolRun) => Promise<ToolResult>

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const OUTPUT_BYTES_MAX = 256 * 1024

/**
 * A code other than 0 is a result. Throws PowerFailure `tool` (not installed), `settings` (a zero byte among its words) and
 * `unreachable` (the signal ended it).
 */
export const runTool: RunTool = async ({ tool, args, env, signal, debianPackage }) => {
  const late = (): PowerFailure => new PowerFailure('unreachable', `${tool} did not end in time`)
  if (signal.aborted) throw late()
  const child = start(tool, args, { PATH, HOME: homedir(), LC_ALL: 'C', ...env })
  const end = (): void => endGroup(child)
  const output = { left: OUTPUT_BYTES_MAX, end }
  const stdout = collect(child.stdout, output)
  const stderr = collect(child.stderr, output)
  return await new Promise((resolve, reject) => {
    const onLate = (): void => {
      end()
      reject(late())
    }
    signal.addEventListener('abort', onLate, { once: true })
    child.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onLate)
      const is = error.code === 'ENOENT' ? 'is not installed' : 'cannot be run'
      reject(new PowerFailure('tool', `${tool} ${is} here (Debian: ${debianPackage})`, error))
    })
    // Whoever it left behind holds its output open, and has nothing more to say.
    child.once('exit', end)
    child.once('close', (code) => {
      signal.removeEventListener('abort', onLate)
      const isWhole = output.left >= 0
      resolve({ code: isWhole ? (code ?? 1) : 1, stdout: stdout(), stderr: stderr() })
    })
  })
}

/** In a process group of its own, so that it ends with its children; and without a terminal to ask for passwords at. */
function start(tool: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  try {
    return spawn(tool, [...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch {
    // The error shows the word, which may be a secret: it goes no further.
    throw new PowerFailure('settings', 'a power parameter holds a zero byte')
  }
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

/** Both outputs share the bytes that are left; the program ends when there are none. */
function collect(
  stream: Readable,
  output: { left: number; readonly end: () => void },
): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => {
    output.left -= chunk.length
    if (output.left >= 0) chunks.push(chunk)
    else output.end()
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

/** What a tool said last, for a message: one line of at most 200 printable characters. */
export function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? ''
  return line
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 200)
}
