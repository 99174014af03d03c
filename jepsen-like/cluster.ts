// A real region cluster with its racks, made by the command line as a user makes it, each process a child of
// ours, every link between them and from clients through a proxy. Everything it writes is below one temporary
// directory, which goes with it.
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { CLOCK_FILE, clockFile } from './clock-file.ts'
import { Daemon } from './daemon.ts'
import { endDetached, killDetached } from './detached.ts'
import { makeToken, removeMember, type WishOptions } from './member-wishes.ts'
import { CLIENT, Network } from './network.ts'
import { Proxy } from './proxy.ts'
import { moveToSmallDisk, unmount, unmountAll } from './small-disk.ts'
import { makeFindOwner } from './socket-owner.ts'
import { eventually, freePorts } from './waiting.ts'
import type { DnsServer } from './workload.ts'

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
  /** For clients: the address of a proxy, which stays when another node takes this one's place. */
  readonly clientUrl: string
  readonly directory: string
  readonly apiPort: number
  /** Where it listens for regions and racks, and the proxy by which they reach it. */
  readonly peerPort: number
  readonly reachedPort: number
  /** Of its DNS, on loopback; null: it has none. */
  readonly dnsPort: number | null
  readonly daemon: Daemon
}

/** Where a node is. */
type Place = Pick<ChaosNode, 'name' | 'apiPort' | 'peerPort' | 'reachedPort' | 'dnsPort'>

type Bootstrapped = {
  readonly nodes: readonly {
    readonly id: string
    readonly pid: number
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
  /** Regions and racks answer DNS. */
  readonly dns: boolean
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
  /** Of clients, by the address that they know. */
  readonly #doors = new Map<string, Proxy>()
  #nodes: readonly ChaosNode[] = []
  /** Those that were removed and not replaced on their address. */
  #removed: readonly ChaosNode[] = []
  /** Of nodes that were removed: how they ended is judged all the same. */
  readonly #formerDaemons: Daemon[] = []
  #racks: readonly Daemon[] = []
  /** By the name of the rack. */
  readonly #rackDnsPorts = new Map<string, number>()
  #apiKey = ''
  #joined = 0
  #added = 0
  readonly #findOwner = makeFindOwner(
    () =>
      new Map(
        this.daemons.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid] as const])),
      ),
  )

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

  get dnsServers(): readonly DnsServer[] {
    const ofNodes = this.#nodes.flatMap(({ name, dnsPort }) =>
      dnsPort === null ? [] : [{ name, port: dnsPort }],
    )
    return [...ofNodes, ...[...this.#rackDnsPorts].map(([name, port]) => ({ name, port }))]
  }

  get apiKey(): string {
    return this.#apiKey
  }

  get daemons(): readonly Daemon[] {
    return [...this.#nodes.map(({ daemon }) => daemon), ...this.#racks]
  }

  /** Also of nodes that are no members any more. */
  get everyDaemon(): readonly Daemon[] {
    return [...this.daemons, ...this.#formerDaemons]
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

  /** Of all that are members, for what is asked of the cluster. */
  get wishes(): WishOptions {
    const urls = this.#nodes.map(({ apiUrl }) => apiUrl)
    return { urls, apiKey: this.#apiKey, stopped: this.#options.stopped }
  }

  /** For a node that is to join beside those that are there. */
  newName(): string {
    return `node-${this.#options.nodeCount + ++this.#added}`
  }

  /** Takes a node out of the cluster for good, alive or dead. Throws when that is refused. */
  async removeNode(name: string): Promise<void> {
    const node = this.node(name)
    // A node that has been removed ends by itself.
    node.daemon.expectEnd()
    await removeMember(this.wishes, node.id)
    await node.daemon.kill()
    this.#formerDaemons.push(node.daemon)
    this.#nodes = this.#nodes.filter((one) => one !== node)
    this.#removed = [...this.#removed, node]
    unmount(node.directory)
  }

  /**
   * Joins a new node: on the ports of the removed one of that name, or on its own. It is a voter, and a child of
   * ours, when it resolves. Throws when that is refused.
   */
  async joinNode(name: string): Promise<void> {
    const before = this.#removed.find((node) => node.name === name)
    const place = before ?? (await this.#newPlace(name))
    const token = await makeToken(this.wishes)
    const directory = join(this.directory, `joined-${++this.#joined}`)
    const printed = await this.command(
      ...['region', 'join', token, '--dir', directory, '--host', '127.0.0.1'],
      ...['--api-port', String(place.apiPort), '--peer-port', String(place.peerPort)],
      ...['--advertise', `127.0.0.1:${place.reachedPort}`, '--detach', '--json'],
    )
    const { node } = lastJson<{ readonly node: Bootstrapped['nodes'][number] }>(printed)
    await endDetached(node.pid, this.#options.stopped)
    if (this.#options.smallDisks) moveToSmallDisk(node.data_dir)
    const daemon = this.#regionDaemon(place, node.data_dir)
    const { id, api_url: apiUrl, data_dir: dataDirectory } = node
    const { apiPort, peerPort, reachedPort, dnsPort, clientUrl = apiUrl } = place
    const made = { name, id, apiUrl, clientUrl, directory: dataDirectory, daemon }
    this.#removed = this.#removed.filter((one) => one !== before)
    this.#nodes = [...this.#nodes, { ...made, apiPort, peerPort, reachedPort, dnsPort }]
    daemon.start()
  }

  /** Clients that know the removed node `from` find `to` in its place. */
  moveClients(from: string, to: string): void {
    const left = this.#removed.find(({ name }) => name === from)
    const { apiPort } = this.node(to)
    const door = this.#doors.get(left?.clientUrl ?? '')
    if (left === undefined || door === undefined) throw new Error(`no client knows ${from}`)
    door.redirect({ forwardPort: apiPort, target: to })
    const { clientUrl } = left
    this.#nodes = this.#nodes.map((node) => (node.name === to ? { ...node, clientUrl } : node))
  }

  /** All find `node`, wherever they ask. */
  moveAllClients({ name, apiPort }: ChaosNode): void {
    for (const door of this.#doors.values()) door.redirect({ forwardPort: apiPort, target: name })
  }

  async #newPlace(name: string): Promise<Place & { readonly clientUrl?: undefined }> {
    const apiPort = await this.#freePorts(4)
    const [peerPort, reachedPort] = [apiPort + 1, apiPort + 2]
    const dnsPort = this.#options.dns ? apiPort + 3 : null
    const place = { name, apiPort, peerPort, reachedPort, dnsPort }
    await this.#peerProxy(place)
    return place
  }

  /** Logs of all processes, for the report. */
  async keepLogs(directory: string): Promise<void> {
    for (const name of new Set(this.everyDaemon.map((daemon) => daemon.name))) {
      const from = join(this.directory, `${name}.log`)
      await cp(from, join(directory, `${name}.log`)).catch(() => {})
    }
  }

  /** Kills what runs and removes every file. Never rejects. */
  async remove(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.kill()))
    killDetached(this.directory)
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
    unmountAll()
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  }

  async #start(): Promise<void> {
    const { nodeCount, rackCount, stopped, dns } = this.#options
    mkdirSync(this.clockDirectory)
    const data = join(this.directory, 'data')
    const apiPort = await this.#freePorts(nodeCount)
    const peerPort = await this.#freePorts(nodeCount)
    const reachedPort = await this.#freePorts(nodeCount)
    const dnsPort = dns ? await this.#freePorts(nodeCount) : null
    const places = Array.from({ length: nodeCount }, (_, at) => ({
      ...{ name: `node-${at + 1}`, apiPort: apiPort + at },
      ...{ peerPort: peerPort + at, reachedPort: reachedPort + at },
      dnsPort: dnsPort === null ? null : dnsPort + at,
    }))
    for (const place of places) await this.#peerProxy(place)
    const printed = await this.command(
      ...['region', 'bootstrap', '--nodes', String(nodeCount), '--dir', data],
      ...['--api-port', String(apiPort), '--peer-port', String(peerPort)],
      ...['--advertise', `127.0.0.1:${reachedPort}`, '--detach', '--json'],
    )
    const made = lastJson<Bootstrapped>(printed)
    // From now on as children of ours, so that their ends are seen.
    await this.command('region', 'stop', '--dir', data)
    this.#apiKey = made.admin.api_key
    const nodes: ChaosNode[] = []
    for (const [at, place] of places.entries()) {
      const node = made.nodes[at]
      if (node !== undefined) nodes.push(await this.#makeNode(node, place))
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

  async #makeNode(node: Bootstrapped['nodes'][number], place: Place): Promise<ChaosNode> {
    const { name, apiPort } = place
    const door = await this.#proxy(0, apiPort, name, () => CLIENT)
    const clientUrl = `http://127.0.0.1:${door.port}`
    this.#doors.set(clientUrl, door)
    const directory = node.data_dir
    return {
      ...place,
      id: node.id,
      apiUrl: node.api_url,
      clientUrl,
      directory,
      daemon: this.#regionDaemon(place, directory),
    }
  }

  #regionDaemon({ name, dnsPort }: Place, directory: string): Daemon {
    const dns = dnsPort === null ? [] : ['--dns', `127.0.0.1:${dnsPort}`]
    return this.#daemon(name, ['region', 'run', '--dir', directory, ...dns])
  }

  async #makeRack(at: number, token: string): Promise<Daemon> {
    const name = `rack-${at + 1}`
    const port = await this.#freePorts(3)
    if (this.#options.dns) this.#rackDnsPorts.set(name, port + 2)
    const interfaces = this.#options.rackInterfaces[at]
    return this.#daemon(name, [
      ...['rack', 'start', '--token', token, '--dir', join(this.directory, name)],
      ...['--http-port', String(port), '--tftp-port', String(port + 1)],
      ...(interfaces === undefined ? [] : ['--interface', interfaces]),
      ...(this.#options.dns ? ['--dns', `127.0.0.1:${port + 2}`] : []),
    ])
  }

  #daemon(name: string, args: readonly string[]): Daemon {
    const logFile = join(this.directory, `${name}.log`)
    const env = { ...this.#environment(), [CLOCK_FILE]: clockFile(this.clockDirectory, name) }
    return new Daemon({ name, args, env, logFile })
  }

  #environment(): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: options = '', ...env } = process.env
    return {
      ...env,
      UV_THREADPOOL_SIZE: '8',
      NODE_OPTIONS: `${options} --import=${CLOCK_PRELOAD}`.trim(),
    }
  }

  /** By which the others reach a node. */
  #peerProxy({ name, peerPort, reachedPort }: Place): Promise<Proxy> {
    return this.#proxy(reachedPort, peerPort, name, (port) => this.#callerAt(port))
  }

  async #proxy(
    port: number,
    forwardPort: number,
    target: string,
    sourceOf: (remotePort: number) => string | Promise<string>,
  ): Promise<Proxy> {
    const { network } = this
    const proxy = await Proxy.start({ port, forwardPort, target, sourceOf, network })
    this.#proxies.push(proxy)
    return proxy
  }

  async #callerAt(port: number): Promise<string> {
    return (await this.#findOwner(port)) ?? 'unknown'
  }

  #freePorts(count: number): Promise<number> {
    return freePorts(count, isFree, this.#options.integer)
  }
}

/** `/readyz`, asked past the proxies. */
export async function isServing({ apiUrl }: ChaosNode): Promise<boolean> {
  try {
    const response = await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(1_000) })
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

/** What the command line prints last. */
function lastJson<T>(printed: string): T {
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as T
}
