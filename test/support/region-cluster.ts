// Three region nodes in one process: real cores, real stores in a temporary directory, a network in memory
// whose links a test can cut. The session of each node is opened as a started process does it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { type Assembly, assemble } from '#node/assemble.ts'
import { type Disk, openDisk } from '#node/disk.ts'
import type { NodeFile } from '#node/node-file.ts'
import { openStores, type Stores } from '#node/open-stores.ts'
import { stateDigest } from '#node/snapshots.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { makeMetrics } from '#platform/metrics.ts'
import { systemClock, systemRandom, systemScheduler } from '#platform/system.ts'
import { makeLogger } from '#platform/logger.ts'
import type { CommandOf } from '#state/command.ts'
import type { PeerTransport } from '#transport/links.ts'

const IDS = ['aaaaaa', 'bbbbbb', 'cccccc']

export const INITIALISE: CommandOf<'cluster.initialise'> = {
  type: 'cluster.initialise',
  clusterId: 'test-cluster',
  admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: '' },
  apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' },
  joinTokenDigest: 'd',
  featureLevel: SUPPORTED_LEVELS.max,
}

export type TestNode = {
  readonly id: string
  readonly assembly: Assembly
  readonly stores: Stores
  readonly transport: PeerTransport
}

export class RegionCluster {
  readonly nodes = new Map<string, TestNode>()
  readonly cut = new Set<string>()
  readonly failures: string[] = []
  /** So many transfers of snapshots break after their first chunk. */
  snapshotsToBreak = 0
  /** The byte from which on each transfer was asked for. */
  readonly snapshotStarts: number[] = []
  /** Called with each message that leaves. */
  onSend: (from: string, to: string, message: PeerMessage) => void = () => {}
  /** Snapshots that were installed. */
  resets = 0
  readonly #directory: string
  readonly #limits: RegionLimits
  readonly #incarnations = new Map<string, number>()
  /** Nodes ask each other what they remember of them, as real ones do. */
  #remembers = false
  /** Every log line of every node, as an object. */
  readonly lines: Readonly<Record<string, unknown>>[] = []

  private constructor(directory: string, limits: RegionLimits) {
    this.#directory = directory
    this.#limits = limits
  }

  static async make(
    limits: Partial<RegionLimits> = {},
    options: { readonly remembers?: boolean } = {},
  ): Promise<RegionCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'ironraft-nodes-'))
    const cluster = new RegionCluster(directory, { ...REGION_CONFIG, ...limits })
    cluster.#remembers = options.remembers ?? false
    for (const id of IDS) await cluster.start(id)
    return cluster
  }

  async start(id: string): Promise<TestNode> {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1
    this.#incarnations.set(id, incarnation)
    const write = (line: string): void => {
      this.lines.push({ node: id, ...(JSON.parse(line) as object) })
    }
    const logger = makeLogger({ level: 'info', write, clock: systemClock })
    const dir = this.directory(id)
    await mkdir(dir, { recursive: true })
    const node = nodeFile(id)
    let disk: Disk | undefined
    if (this.#remembers) {
      if (incarnation === 1) await writeFile(join(dir, 'initialise.json'), '{}')
      disk = await openDisk({ dir, node, incarnation, logger })
    }
    const stores = disk?.stores ?? (await openStores(dir, node, logger))
    const assembly = assemble({
      ...{ node, incarnation, stores, limits: this.#limits },
      ...(disk === undefined ? {} : { disk }),
      platform: {
        ...{ clock: systemClock, scheduler: systemScheduler, random: systemRandom, logger },
        metrics: makeMetrics(),
      },
      onFailure: (what, error) => {
        this.failures.push(`${id}: ${what}: ${String(error)}`)
        throw error
      },
    })
    const transport = this.#transport(id)
    assembly.region.watch(assembly.region.local().revision, {
      onBatch: () => {},
      onReset: () => void this.resets++,
    })
    const started = { id, assembly, stores, transport }
    this.nodes.set(id, started)
    assembly.connect(transport)
    assembly.start()
    return started
  }

  /** Initialises the cluster through one node and opens every node's session. */
  async open(): Promise<void> {
    const [first] = this.nodes.values()
    await first?.assembly.region.initialise(INITIALISE)
    await Promise.all([...this.nodes.keys()].map((id) => this.openSession(id)))
    for (const id of IDS) await rm(join(this.directory(id), 'initialise.json'), { force: true })
  }

  directory(id: string): string {
    return join(this.#directory, id)
  }

  async openSession(id: string): Promise<void> {
    await this.node(id).assembly.region.openSession(this.#incarnations.get(id) ?? 0)
  }

  node(id: string): TestNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`${id} is not running`)
    return node
  }

  leader(): TestNode | undefined {
    const leaders = [...this.nodes.values()].filter((node) => {
      const status = node.assembly.region.status()
      return status.leader === node.id
    })
    return leaders.find((node) => !this.cut.has(node.id)) ?? leaders[0]
  }

  followers(): readonly TestNode[] {
    const leader = this.leader()
    return [...this.nodes.values()].filter((node) => node !== leader)
  }

  /** As SIGKILL leaves it for the others: nothing is handed over. What is synced stays. */
  async crash(id: string): Promise<void> {
    const node = this.node(id)
    this.nodes.delete(id)
    for (const other of this.nodes.values()) other.assembly.onConnection(id, false, true)
    await node.assembly.stop()
    await node.stores.close()
  }

  digests(): readonly string[] {
    return [...this.nodes.values()].map((node) => stateDigest(node.assembly.region.local().state))
  }

  async remove(): Promise<void> {
    for (const id of [...this.nodes.keys()]) await this.crash(id)
    await rm(this.#directory, { recursive: true, force: true })
  }

  async *#breakable(from: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.snapshotStarts.push(from)
    let count = 0
    for await (const chunk of chunks) {
      if (count++ === 1 && this.snapshotsToBreak > 0) {
        this.snapshotsToBreak--
        throw new Error('the link broke')
      }
      yield chunk
    }
  }

  #transport(from: string): PeerTransport {
    const reachable = (to: string): TestNode | undefined =>
      this.cut.has(from) || this.cut.has(to) ? undefined : this.nodes.get(to)
    return {
      send: (to, message) => {
        const target = reachable(to)
        if (target === undefined) return false
        this.onSend(from, to, message)
        setImmediate(() => reachable(to)?.assembly.onMessage(from, structuredClone(message)))
        return true
      },
      sendSnapshot: async (to, offer, chunks) => {
        const target = reachable(to)
        if (target === undefined) throw new Error('not connected')
        let from = 0
        await target.assembly.onSnapshot(offer, {
          beginAt: (bytes) => {
            from = bytes
            return true
          },
          [Symbol.asyncIterator]: () => this.#breakable(from, chunks(from)),
        })
      },
      flush: () => {},
      isConnected: (to) => reachable(to) !== undefined,
      close: async () => {},
    }
  }
}

/** Nodes beyond the first three know those, and themselves, as one that has joined. */
function nodeFile(nodeId: string): NodeFile {
  const peers = [...new Set([...IDS, nodeId])].map((id, i) => ({
    ...{ id, host: '127.0.0.1', port: 5250 + i },
    apiUrl: `http://127.0.0.1:${5240 + i}`,
  }))
  const shared = { version: 1 as const, clusterId: 'test-cluster', host: '127.0.0.1' }
  return { ...shared, nodeId, apiPort: 5240, peerPort: 5250, peers, firstVoters: IDS }
}

export async function until(what: string, condition: () => boolean, seconds = 20): Promise<void> {
  const deadline = performance.now() + seconds * 1_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
