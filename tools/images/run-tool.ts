// Other programs, for image builders: run to their end, with one clear sentence when they are missing or fail.
import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { AppError } from '#model/errors.ts'

const run = promisify(execFile)

/** Throws NOT_FOUND: it is not installed, or it failed. */
export async function tool(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<{ readonly stdout: string }> {
  try {
    return await run(command, [...args], { ...options, maxBuffer: 16 << 20, timeout: 300_000 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : ''
    throw failure(command, args, code === 'ENOENT' ? undefined : lastLine(stderr), cause)
  }
}

/** For what takes minutes: `say` gets each line of its standard error. Throws NOT_FOUND. */
export async function longTool(
  command: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly say: (line: string) => void
  },
): Promise<void> {
  const child = spawn(command, [...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...options.env },
  })
  let last = ''
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.trim() !== '') last = line
    options.say(line)
  })
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(failure(command, args, undefined, cause)))
    child.once('close', resolve)
  })
  if (exitCode !== 0) throw failure(command, args, lastLine(last), undefined)
}

function failure(
  command: string,
  args: readonly string[],
  lastWords: string | undefined,
  cause: unknown,
): AppError {
  const why =
    lastWords === undefined
      ? 'is not installed'
      : `failed${lastWords === '' ? '' : `: ${lastWords}`}`
  return new AppError('NOT_FOUND', `${command} ${args[0] ?? ''} ${why}.`, { cause })
}

/** What a tool that failed said last, or nothing. */
function lastLine(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1)?.trim() ?? ''
  return line.replace(/\.$/, '')
}
