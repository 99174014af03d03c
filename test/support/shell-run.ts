// Runs text of sh as the installer's functions are run, with what they lean on replaced by functions of the test.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export type ShellResult = {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `set -eu`, as in the script; output 3 is thrown away. */
export async function runShell(
  script: string,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ShellResult> {
  const child = spawn('sh', ['-euc', `exec 3>/dev/null\n${script}`], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const status = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await status, stdout, stderr }
}
