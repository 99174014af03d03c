// One process of the product as a black box: started, killed, stopped and continued by signals, its output in a
// file. Nothing of it is left when this process ends, however it ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '..', 'tools', 'main.ts')
/** What is printed of a log that explains an end. */
const TAIL_CHARACTERS = 300

export type DaemonOptions = {
  readonly name: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
}

export class Daemon {
  readonly name: string
  readonly #options: DaemonOptions
  #child: ChildProcess | null = null
  #ended: Promise<void> = Promise.resolve()
  #wanted = false
  #isPaused = false
  /** One sentence for each end that nobody asked for. */
  readonly unexpectedEnds: string[] = []

  constructor(options: DaemonOptions) {
    this.name = options.name
    this.#options = options
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  get isRunning(): boolean {
    return this.#child !== null
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Does nothing when it runs. */
  start(): void {
    if (this.#child !== null) return
    const { args, env, logFile } = this.#options
    const log = openSync(logFile, 'a', 0o600)
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, ...args],
      // A process group of its own: Ctrl-C at the terminal is ours to act upon.
      { detached: true, stdio: ['ignore', log, log], env },
    )
    closeSync(log)
    RUNNING.add(child)
    this.#child = child
    this.#wanted = true
    this.#ended = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        RUNNING.delete(child)
        this.#child = null
        this.#isPaused = false
        if (this.#wanted)
          this.unexpectedEnds.push(`${this.name} ended (${how}): ${this.lastLine()}`)
        this.#wanted = false
        resolve()
      }
      child.once('error', (error) => onEnd(error.message))
      child.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`))
    })
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#wanted = false
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Its end from now on is what was wanted. */
  expectEnd(): void {
    this.#wanted = false
  }

  pause(): void {
    this.#isPaused = this.#child?.kill('SIGSTOP') ?? false
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
    this.#isPaused = false
  }

  /** Of its log; what it says last explains an end better than an exit code. */
  lastLine(): string {
    const lines = readLog(this.#options.logFile).trim().split('\n')
    const plain = lines.findLast((line) => /^ironraft: |"level":"error"/.test(line))
    return (plain ?? lines.at(-1) ?? '').slice(0, TAIL_CHARACTERS)
  }
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const RUNNING = new Set<ChildProcess>()
// Also when a second Ctrl-C ends this process at once.
process.on('exit', () => {
  for (const child of RUNNING) child.kill('SIGKILL')
})
