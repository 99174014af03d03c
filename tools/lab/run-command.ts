// Another program, run to its end; what it said is in the error when it failed.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const TIMEOUT_MS = 120_000
const OUTPUT_BYTES_MAX = 64 << 20

/** Rejects when it cannot be run, is stopped by `signal`, takes over two minutes or ends with another code than 0. */
export async function runCommand(
  name: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX }
  return run(name, [...args], signal === undefined ? options : { ...options, signal })
}
