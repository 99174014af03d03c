// Runs a program that speaks to a BMC. No shell; secrets travel in the environment, never in argv, where every user of
// the host could read them; output is limited; the program ends with the signal.
import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
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

/** A code other than 0 is a result. Throws PowerFailure `tool` (not installed) and `unreachable` (the signal ended it). */
export const runTool: RunTool = async ({ tool, args, env, signal, debianPackage }) => {
  return await new Promise((resolve, reject) => {
    const options = {
      env: { PATH, HOME: homedir(), LC_ALL: 'C', ...env },
      ...{ signal, killSignal: 'SIGKILL' as const, maxBuffer: OUTPUT_BYTES_MAX },
    }
    const child = execFile(tool, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr })
      else if (error.code === 'ENOENT')
        reject(new PowerFailure('tool', `${tool} is not installed here (Debian: ${debianPackage})`))
      else if (signal.aborted)
        reject(new PowerFailure('unreachable', `${tool} did not end in time`))
      else resolve({ code: typeof error.code === 'number' ? error.code : 1, stdout, stderr })
    })
    child.stdin?.end()
  })
}

/** What a tool said last, for a message: one line of at most 200 printable characters. */
export function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? ''
  return line
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 200)
}
