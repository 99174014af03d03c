// One region node as a process of this host: started apart from our terminal, known by a pid file that also
// holds when the process began, so that a pid that the system gave away again is not mistaken for it.
import { spawn } from 'node:child_process'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
/** The log of the run before is kept once it is this long. */
const LOG_BYTES_MAX = 64 << 20
/** A graceful stop hands leadership over and closes the databases; then SIGKILL, which loses nothing. */
const STOP_TIMEOUT_MS = 10_000
/** How long a process that has ended may keep its pid before we stop waiting for it to be collected. */
const ZOMBIE_MS = 2_000
const ZOMBIE = 'zombie'

export type StartedNode = {
  readonly directory: string
  readonly pid: number
  /** Resolves when it ended, with what it ended with. */
  readonly ended: Promise<string>
}

/** Runs `region run` for the node of `directory`, with `options`; standard output and error go to its `log.jsonl`. */
export async function startNode(
  directory: string,
  options: readonly string[] = [],
): Promise<StartedNode> {
  const path = join(directory, 'log.jsonl')
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size > LOG_BYTES_MAX) await rename(path, `${path}.1`)
  const log = await open(path, 'a', 0o600)
  const child = spawn(
    process.execPath,
    [...flags(), MAIN, 'region', 'run', '--dir', directory, ...options],
    // Apart from our process group: Ctrl-C is ours to pass on, once.
    { detached: true, stdio: ['ignore', log.fd, log.fd], env: childEnvironment() },
  )
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  await log.close()
  child.unref()
  if (child.pid === undefined) {
    throw new AppError('INTERNAL', `The node cannot be started: ${await ended}`)
  }
  return { directory, pid: child.pid, ended }
}

function flags(): readonly string[] {
  return ['--disable-warning=ExperimentalWarning']
}

function childEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? '16' }
}

/** Called by the node itself as it starts. Throws DIRECTORY_IN_USE when another one runs there. */
export async function claimPid(file: string): Promise<void> {
  const running = await readPid(file)
  if (running !== null && running !== process.pid) {
    throw new AppError('DIRECTORY_IN_USE', `Process ${running} runs in this directory already.`)
  }
  await recordPid(file, process.pid)
}

/** For `readPid`, also of a process that does not do so itself. */
export async function recordPid(file: string, pid: number): Promise<void> {
  const text = `${pid} ${await startTimeOf(pid)}\n`
  await writeFile(`${file}.${process.pid}`, text, { mode: 0o600 })
  await rename(`${file}.${process.pid}`, file)
}

export async function releasePid(file: string): Promise<void> {
  if ((await readPid(file)) === process.pid) await rm(file, { force: true })
}

/** The living process of a pid file, else null. */
export async function readPid(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const [pidText = '', began = ''] = text.trim().split(' ')
  const pid = Number(pidText)
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return null
  return began === (await startTimeOf(pid)) ? pid : null
}

export function pidFile(directory: string): string {
  return join(directory, 'pid')
}

/**
 * SIGTERM, then SIGKILL; at once SIGKILL with `isKilled`. Resolves when the process is gone. One that ended but that nobody has waited for yet
 * still has its pid: whose parent is init may have it for a moment, and below a careless init for ever.
 */
export async function stopProcess(pid: number, isKilled = false): Promise<void> {
  const began = await startTimeOf(pid)
  signal(pid, isKilled ? 'SIGKILL' : 'SIGTERM')
  const killAt = performance.now() + STOP_TIMEOUT_MS
  let zombieSince: number | null = null
  while (isAlive(pid)) {
    const now = await startTimeOf(pid)
    if (now === ZOMBIE) zombieSince ??= performance.now()
    else if (now !== began) return
    if (zombieSince !== null && performance.now() - zombieSince > ZOMBIE_MS) return
    if (performance.now() > killAt) signal(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function signal(pid: number, name: keyof typeof constants.signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone meanwhile: that is what was wanted.
  }
}

/** A zombie (ended, not yet waited for by its parent) counts as alive here. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Field 22 of /proc/<pid>/stat; '-' where there is no /proc, ZOMBIE for a zombie. */
async function startTimeOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  if (text === '') return '-'
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? ZOMBIE : (fields[19] ?? '-')
}
