// Network namespaces for one test process: named by its pid, removed at its end. Needs root and iproute2.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'

/** Why the second tier cannot run here; undefined when it can. */
export function missingForLab(programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0)
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`
}

export function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout
}

export type Process = {
  readonly child: ChildProcess
  /** Everything printed so far, both streams. */
  readonly output: () => string
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

export class Namespaces {
  readonly #names = new Set<string>()
  readonly #processes = new Set<Process>()

  constructor() {
    // Also when the runner gives up on this test: nothing may stay behind on the host.
    process.once('exit', () => {
      for (const each of this.#processes) each.child.kill('SIGKILL')
      for (const name of this.#names) spawnSync('ip', ['netns', 'del', name])
    })
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  }

  /** Full name of a namespace, made with `lo` up when first asked for. */
  name(short: string): string {
    const name = `irdhcp-${process.pid}-${short}`
    if (this.#names.has(name)) return name
    run('ip', 'netns', 'add', name)
    this.#names.add(name)
    run('ip', '-n', name, 'link', 'set', 'lo', 'up')
    return name
  }

  /** A cable between `a` and `b`, each `[namespace, interface]`, both ends up. */
  cable(a: readonly [string, string], b: readonly [string, string]): void {
    const [left, right] = [this.name(a[0]), this.name(b[0])]
    const peer = ['peer', 'name', b[1], 'netns', right]
    run('ip', '-n', left, 'link', 'add', a[1], 'type', 'veth', ...peer)
    run('ip', '-n', left, 'link', 'set', a[1], 'up')
    run('ip', '-n', right, 'link', 'set', b[1], 'up')
  }

  ip(short: string, ...args: readonly string[]): string {
    return run('ip', '-n', this.name(short), ...args)
  }

  start(short: string, command: string, ...args: readonly string[]): Process {
    const inside = ['netns', 'exec', this.name(short), command, ...args]
    const child = spawn('ip', inside, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        output += data.toString()
      })
    }
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    }
    const started: Process = { child, output: () => output, stop }
    this.#processes.add(started)
    return started
  }

  async remove(): Promise<void> {
    for (const each of this.#processes) await each.stop('SIGKILL')
    for (const name of this.#names) run('ip', 'netns', 'del', name)
    this.#names.clear()
  }
}

/** Waits on a condition, not on time. */
export async function until(
  condition: () => boolean,
  what: () => string,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
