// A real region cluster with its racks, made by the command line as a user makes it, each process a child of
// ours, every link between them and from clients through a proxy. Everything it writes is below one temporary
// directory, which goes with it.
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { CLOCK_DIRECTORY } from './clock-file.ts'
import { Daemon } from './daemon.ts'
import { CLIENT, Network } from './network.ts'
import { Proxy } from './proxy.ts'
import { moveToSmallDisk, unmountAll } from './small-disk.ts'
import { ownerOfPort } from './socket-owner.ts'
import { eventually, freePorts } from './waiting.ts'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '..', 'tools', 'main.ts')
const CLOCK_PRELOAD = pathToFileURL(join(import.meta.dirname, 'preloads', 'clock.ts')).href
/** A command of the product that takes longer is taken for hung. */
const COMMAND_MS = 90_000
const READY_MS = 60_000

export type ChaosNode = {
  readonly name: string
  readonly id: string
  /** For us, past the proxies. */
  readonly apiUrl: string
  /** For clients. */
  readonly clientUrl: string
  readonly directory: string
  readonly daemon: Daemon
}

type Bootstrapped = {
  readonly nodes: readonly {
    readonly id: string
    readonly api_url: string
    readonly data_dir: string
  }[]
  readonly admin: { readonly api_key: string }
  readonly rack_token: string
}

export type ClusterOptions = {
  readonly nodeCount: number
  readonly rackCount: number
  /** Comma-separated interfaces for each rack; none: no DHCP. */
  readonly rackInterfaces: readonly string[]
  /** Each node on a small disk of its own, which needs root. */
  readonly smallDisks: boolean
  readonly integer: (below: number) => number
  readonly stopped: AbortSignal
}

export class ChaosCluster {
  readonly network = new Network()
  readonly directory: string
  readonly clockDirectory: string
  readonly #options: ClusterOptions
  readonly #proxies: Proxy[] = []
  #nodes: readonly ChaosNode[] = []
  #racks: readonly Daemon[] = []
  #apiKey = ''

  private constructor(directory: string, options: ClusterOptions) {
    this.directory = directory
    this.clockDirectory = join(directory, 'clock')
    this.#options = options
  }

  /** All nodes serve when it resolves. Nothing is left when it throws. */
  static async start(options: ClusterOptions): Promise<ChaosCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'ironraft-chaos-'))
    const cluster = new ChaosCluster(directory, options)
    try {
      await cluster.#start()
      return cluster
    } catch (error) {
      await cluster.remove()
      throw error
    }
  }

  get nodes(): readonly ChaosNode[] {
    return this.#nodes
  }

  get racks(): readonly Daemon[] {
    return this.#racks
  }

  get apiKey(): string {
    return this.#apiKey
  }

  get daemons(): readonly Daemon[] {
    return [...this.#nodes.map(({ daemon }) => daemon), ...this.#racks]
  }

  node(name: string): ChaosNode {
    const found = this.#nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`there is no node ${name}`)
    return found
  }

  /** Runs the product's command line; its standard output. Throws with its last words. */
  async command(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [MAIN, ...args], {
      timeout: COMMAND_MS,
      env: this.#environment(),
      signal: this.#options.stopped,
    })
    return stdout
  }

  /** Logs of all processes, for the report. */
  async keepLogs(directory: string): Promise<void> {
    for (const { name } of this.daemons) {
      const from = join(this.directory, `${name}.log`)
      await cp(from, join(directory, `${name}.log`)).catch(() => {})
    }
  }

  /** Kills what runs and removes every file. Never rejects. */
  async remove(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.kill()))
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
    unmountAll()
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  }

  async #start(): Promise<void> {
    const { nodeCount, rackCount, stopped } = this.#options
    mkdirSync(this.clockDirectory)
    const data = join(this.directory, 'data')
    const apiPort = await this.#freePorts(nodeCount)
    const peerPort = await this.#freePorts(nodeCount)
    const reachedPort = await this.#freePorts(nodeCount)
    for (let at = 0; at < nodeCount; at++) {
      await this.#proxy(reachedPort + at, peerPort + at, `node-${at + 1}`, (port) =>
        this.#callerAt(port),
      )
    }
    const printed = await this.command(
      ...['region', 'bootstrap', '--nodes', String(nodeCount), '--dir', data],
      ...['--api-port', String(apiPort), '--peer-port', String(peerPort)],
      ...['--advertise', `127.0.0.1:${reachedPort}`, '--detach', '--json'],
    )
    const made = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Bootstrapped
    // From now on as children of ours, so that their ends are seen.
    await this.command('region', 'stop', '--dir', data)
    this.#apiKey = made.admin.api_key
    const nodes: ChaosNode[] = []
    for (const [at, node] of made.nodes.entries()) {
      nodes.push(await this.#makeNode(node, { name: `node-${at + 1}`, apiPort: apiPort + at }))
    }
    this.#nodes = nodes
    if (this.#options.smallDisks) for (const { directory } of nodes) moveToSmallDisk(directory)
    for (const { daemon } of nodes) daemon.start()
    const ready = await eventually(READY_MS, stopped, async () => {
      const serving = await Promise.all(nodes.map((node) => isServing(node)))
      return serving.every(Boolean) ? true : undefined
    })
    if (ready === undefined) {
      const ends = nodes.flatMap(({ daemon }) => daemon.unexpectedEnds)
      throw new Error(`the cluster did not start: ${ends.join('; ') || 'not ready in time'}`)
    }
    this.#racks = await Promise.all(
      Array.from({ length: rackCount }, (_, at) => this.#makeRack(at, made.rack_token)),
    )
    for (const rack of this.#racks) rack.start()
  }

  async #makeNode(
    node: Bootstrapped['nodes'][number],
    place: { readonly name: string; readonly apiPort: number },
  ): Promise<ChaosNode> {
    const { name, apiPort } = place
    const proxy = await this.#proxy(0, apiPort, name, () => CLIENT)
    const directory = node.data_dir
    if (basename(directory) !== name) throw new Error(`${directory} is not that of ${name}`)
    return {
      name,
      id: node.id,
      apiUrl: node.api_url,
      clientUrl: `http://127.0.0.1:${proxy.port}`,
      directory,
      daemon: this.#daemon(name, ['region', 'run', '--dir', directory]),
    }
  }

  async #makeRack(at: number, token: string): Promise<Daemon> {
    const name = `rack-${at + 1}`
    const port = await this.#freePorts(2)
    const interfaces = this.#options.rackInterfaces[at]
    return this.#daemon(name, [
      ...['rack', 'start', '--token', token, '--dir', join(this.directory, name)],
      ...['--http-port', String(port), '--tftp-port', String(port + 1)],
      ...(interfaces === undefined ? [] : ['--interface', interfaces]),
    ])
  }

  #daemon(name: string, args: readonly string[]): Daemon {
    const logFile = join(this.directory, `${name}.log`)
    return new Daemon({ name, args, env: this.#environment(), logFile })
  }

  #environment(): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: options = '', ...env } = process.env
    return {
      ...env,
      UV_THREADPOOL_SIZE: '8',
      NODE_OPTIONS: `${options} --import=${CLOCK_PRELOAD}`.trim(),
      [CLOCK_DIRECTORY]: this.clockDirectory,
    }
  }

  async #proxy(
    port: number,
    forwardPort: number,
    target: string,
    sourceOf: (remotePort: number) => string,
  ): Promise<Proxy> {
    const { network } = this
    const proxy = await Proxy.start({ port, forwardPort, target, sourceOf, network })
    this.#proxies.push(proxy)
    return proxy
  }

  #callerAt(port: number): string {
    const pids = new Map(
      this.daemons.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid] as const])),
    )
    return ownerOfPort(port, pids) ?? 'unknown'
  }

  #freePorts(count: number): Promise<number> {
    return freePorts(count, isFree, this.#options.integer)
  }
}

/** `/readyz`, asked past the proxies. */
export async function isServing(node: ChaosNode): Promise<boolean> {
  try {
    const response = await fetch(`${node.apiUrl}/readyz`, { signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
