// Region nodes that join and leave one cluster, each in a directory of its own, and a load of idempotent
// writes that goes on meanwhile. What is still running at the end is killed by pid.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bootstrapped, freePorts, ironraft, lastLine, type Node, signed } from './cluster.ts'

export class GrowingCluster {
  readonly directory: string
  readonly #ports: { readonly api: number; readonly peer: number }
  readonly nodes: Node[] = []
  apiKey = ''
  #count = 0

  private constructor(directory: string, ports: { readonly api: number; readonly peer: number }) {
    this.directory = directory
    this.#ports = ports
  }

  static async make(nodesMax: number): Promise<GrowingCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'ironraft-growing-'))
    const ports = { api: await freePorts(nodesMax), peer: await freePorts(nodesMax) }
    return new GrowingCluster(directory, ports)
  }

  async init(): Promise<void> {
    const made = await this.#run<Bootstrapped>('region', 'init', ...this.#place(), '--detach')
    this.nodes.push(...made.nodes)
    this.apiKey = made.admin.api_key
  }

  async join(): Promise<Node> {
    const { token } = await this.#run<{ readonly token: string }>('region', 'token', ...this.#ask())
    const place = this.#place()
    const { node } = await this.#run<{ readonly node: Node }>(
      ...['region', 'join', token, ...place, '--detach'],
    )
    this.nodes.push(node)
    return node
  }

  /** Through the other nodes. */
  async remove(node: Node): Promise<void> {
    await this.#run('region', 'remove', node.id, ...this.#ask(node))
    this.forget(node)
  }

  forget(node: Node): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
  }

  async voters(): Promise<readonly string[]> {
    const { nodes } = await this.status()
    return nodes.filter(({ voter }) => voter).map(({ id }) => id)
  }

  async leader(): Promise<Node | undefined> {
    const { leader } = await this.status()
    return this.nodes.find(({ id }) => id === leader)
  }

  async status() {
    for (const { api_url: url } of this.nodes) {
      const answer = await fetch(`${url}/api/v1/cluster`, { signal: AbortSignal.timeout(2_000) })
        .then(async (response) => (await response.json()) as ClusterAnswer)
        .catch(() => null)
      if (answer !== null && answer.leader !== null) return answer
    }
    throw new Error('no node knows a leader')
  }

  async close(): Promise<void> {
    for (let at = 1; at <= this.#count; at++) {
      const text = await readFile(join(this.directory, `${at}`, 'node-1', 'pid'), 'utf8').catch(
        () => '',
      )
      const pid = Number(text.split(' ')[0])
      try {
        if (pid > 0) process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended, as it should have.
      }
    }
    await rm(this.directory, { recursive: true, force: true })
  }

  #place(): readonly string[] {
    const at = this.#count++
    return [
      ...['--dir', join(this.directory, `${at + 1}`), '--host', '127.0.0.1'],
      ...['--api-port', String(this.#ports.api + at)],
      ...['--peer-port', String(this.#ports.peer + at)],
    ]
  }

  #ask(except?: Node): readonly string[] {
    const urls = this.nodes.filter((node) => node !== except).map(({ api_url: url }) => url)
    return ['--url', urls.join(',')]
  }

  async #run<T>(...args: readonly string[]): Promise<T> {
    process.env['IRONRAFT_API_KEY'] = this.apiKey
    const ran = await ironraft(...args, '--json')
    if (ran.code !== 0) {
      throw new Error(`${args.slice(0, 2).join(' ')} exited ${ran.code}: ${ran.stderr}`)
    }
    return JSON.parse(lastLine(ran.stdout)) as T
  }
}

type ClusterAnswer = {
  readonly leader: string | null
  readonly nodes: readonly { readonly id: string; readonly voter: boolean }[]
}

/** Creates machines through whichever node answers, each under one idempotency key, until it is stopped. */
export class Load {
  readonly #cluster: GrowingCluster
  readonly #lanes: readonly Promise<void>[]
  #next = 0
  #stopping = false
  /** Hostnames that were answered with success. */
  readonly acknowledged: string[] = []

  constructor(cluster: GrowingCluster, lanes: number) {
    this.#cluster = cluster
    this.#lanes = Array.from({ length: lanes }, () => this.#write())
  }

  /** Every write that was begun is answered by then. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#lanes)
  }

  async #write(): Promise<void> {
    while (!this.#stopping) await this.#create(this.#next++)
  }

  async #create(number: number): Promise<void> {
    const hostname = `m${number}`
    const hex = number.toString(16).padStart(6, '0')
    const mac = `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`
    const deadline = performance.now() + 60_000
    for (let turn = number; performance.now() < deadline; turn++) {
      const { nodes, apiKey } = this.#cluster
      const url = nodes[turn % nodes.length]?.api_url ?? ''
      const reply = await fetch(`${url}/MAAS/api/2.0/machines/`, {
        method: 'POST',
        headers: { ...signed(apiKey), 'idempotency-key': hostname },
        body: new URLSearchParams({
          ...{ hostname, architecture: 'amd64/generic', mac_addresses: mac, power_type: 'manual' },
        }),
        signal: AbortSignal.timeout(15_000),
      })
        .then(async (response) => ({ status: response.status, text: await response.text() }))
        .catch(() => ({ status: 503, text: '' }))
      if (reply.status === 200) {
        this.acknowledged.push(hostname)
        return
      }
      if (reply.status !== 503) throw new Error(`${hostname}: ${reply.status} ${reply.text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`${hostname} was not created in a minute`)
  }
}
