// Nodes that a command of the product starts apart from us (`--detach`) and stops again. Broken off in between, the
// pid files below our directory are all that is known of them.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './waiting.ts'

const GONE_MS = 10_000

/** SIGKILL; resolves when it holds no port or file any more, also when nobody has collected it yet. */
export async function endDetached(pid: number, stopped: AbortSignal): Promise<void> {
  kill(pid)
  const gone = await eventually(GONE_MS, stopped, async () => {
    const stat = read(`/proc/${pid}/stat`)
    const state = stat.slice(stat.lastIndexOf(')') + 2)
    return stat === '' || state.startsWith('Z') ? true : undefined
  })
  if (gone !== true) throw new Error(`process ${pid} does not end`)
}

/** SIGKILL to every process with a pid file below `directory` and that directory in its words. */
export function killDetached(directory: string): void {
  for (const file of globSync(join(directory, '*', 'node-*', 'pid'))) {
    const pid = Number(read(file).split(' ')[0])
    // A pid may have been given away again.
    if (!Number.isInteger(pid) || pid <= 1 || !isOf(pid, directory)) continue
    kill(pid)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

function isOf(pid: number, directory: string): boolean {
  return read(`/proc/${pid}/cmdline`).includes(directory)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
