// Other programs, run to their end or ended by us.
import type { ChildProcess } from 'node:child_process'
import { runCommand } from '#tools/lab/run-command.ts'

export const command = runCommand

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}
