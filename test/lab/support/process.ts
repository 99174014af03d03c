// Other programs, run to their end or ended by us.
import { type ChildProcess, execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export async function command(
  name: string,
  args: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return run(name, [...args], { timeout: 120_000, maxBuffer: 64 << 20 })
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}
