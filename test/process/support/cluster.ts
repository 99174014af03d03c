// Real region processes on loopback, started as a user starts them. Each test has its own directory and
// ports; what is still running at the end is killed by pid.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
export const LAUNCH = join(import.meta.dirname, '..', '..', '..', 'tools', 'launch.cjs')

export type Node = {
  readonly id: string
  readonly pid: number
  readonly api_url: string
  readonly peer_address: string
  readonly data_dir: string
}
export type Bootstrapped = {
  readonly cluster_id: string
  readonly nodes: readonly Node[]
  readonly admin: { readonly username: string; readonly password: string; readonly api_key: string }
  readonly rack_token: string
}
export type StatusReport = {
  readonly cluster_id: string
  readonly leader: string | null
  readonly term: number
  readonly nodes: readonly {
    readonly id: string
    readonly role: string
    readonly voter: boolean
    readonly applied: number
    readonly commit: number
    readonly lag: number
    readonly reachable: boolean
    readonly fsync_p99_ms: number | null
    readonly condition: string
    readonly reason: string | null
    readonly alarm: string
    readonly certificate_expires: string | null
    readonly pid?: number
  }[]
}
export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs the CLI; a non-zero exit code is a result, not an exception. */
export async function ironraft(...args: readonly string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await run('node', [LAUNCH, ...args], { timeout: 60_000 })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as Ran
    return { code, stdout, stderr }
  }
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

export async function eventually<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000
  for (;;) {
    const value = await probe().catch(() => undefined)
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** First of `count` consecutive ports that nobody uses, below those that outgoing connections take. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    if (nextPort + count > endOfPorts) await takePorts()
    const first = nextPort
    nextPort += count
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)))
    if (free.every(Boolean)) return first
  }
}

const BLOCKS = { first: 20_000, count: 300, ports: 40 } as const
let nextPort = 0
let endOfPorts = 0

/** A block of ports is this process's while it listens on the first one: nodes that are down keep theirs, too. */
async function takePorts(): Promise<void> {
  const { first, count, ports } = BLOCKS
  for (let attempt = 0; attempt < count; attempt++) {
    const guard = createServer()
    const port = first + ports * Math.floor(Math.random() * count)
    const isOurs = await new Promise<boolean>((resolve) => {
      guard.once('error', () => resolve(false))
      guard.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(true))
    })
    if (!isOurs) continue
    guard.unref()
    nextPort = port + 1
    endOfPorts = port + ports
    return
  }
  throw new Error('no free ports were found')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

export class TestCluster {
  readonly directory: string
  readonly #apiPort: number
  readonly #peerPort: number
  #bootstrapped: Bootstrapped | null = null

  private constructor(directory: string, apiPort: number, peerPort: number) {
    this.directory = directory
    this.#apiPort = apiPort
    this.#peerPort = peerPort
  }

  static async make(): Promise<TestCluster> {
    const base = await mkdtemp(join(tmpdir(), 'ironraft-process-'))
    return new TestCluster(join(base, 'data'), await freePorts(3), await freePorts(3))
  }

  /** Starts every node that is not running. */
  async bootstrap(...more: readonly string[]): Promise<Bootstrapped> {
    const ran = await ironraft(
      ...['region', 'bootstrap', '--nodes', '3', '--dir', this.directory],
      ...['--api-port', String(this.#apiPort), '--peer-port', String(this.#peerPort)],
      ...['--detach', '--json', ...more],
    )
    if (ran.code !== 0) throw new Error(`bootstrap exited ${ran.code}: ${ran.stderr}`)
    this.#bootstrapped = JSON.parse(lastLine(ran.stdout)) as Bootstrapped
    return this.#bootstrapped
  }

  get now(): Bootstrapped {
    if (this.#bootstrapped === null) throw new Error('bootstrap first')
    return this.#bootstrapped
  }

  async status(): Promise<StatusReport> {
    const { stdout } = await ironraft('region', 'status', '--dir', this.directory, '--json')
    return JSON.parse(lastLine(stdout)) as StatusReport
  }

  async leader(): Promise<Node> {
    return eventually('a leader', 20, async () => {
      const { leader } = await this.status()
      return this.now.nodes.find(({ id }) => id === leader)
    })
  }

  async remove(): Promise<void> {
    await ironraft('region', 'stop', '--dir', this.directory)
    for (const { pid } of this.#bootstrapped?.nodes ?? []) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has stopped, as it should have.
      }
    }
    await rm(join(this.directory, '..'), { recursive: true, force: true })
  }
}

let nonce = 0

/** OAuth 1.0 PLAINTEXT of an API key. */
export function signed(apiKey: string): Record<string, string> {
  const [consumer, token, secret] = apiKey.split(':')
  const now = Math.floor(Date.now() / 1_000)
  return {
    authorization:
      `OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", ` +
      `oauth_consumer_key="${consumer}", oauth_token="${token}", ` +
      `oauth_signature="%26${secret}", oauth_nonce="t${process.pid}-${nonce++}", ` +
      `oauth_timestamp="${now}"`,
  }
}

export type MachineSummary = { readonly system_id: string; readonly hostname: string }

export async function listMachines(node: Node, apiKey: string): Promise<readonly MachineSummary[]> {
  const response = await fetch(`${node.api_url}/MAAS/api/2.0/machines/`, {
    headers: signed(apiKey),
    signal: AbortSignal.timeout(30_000),
  })
  if (!response.ok) throw new Error(`machines: ${response.status} ${await response.text()}`)
  return (await response.json()) as MachineSummary[]
}
