// The simulated world: nodes on a network, watched by checkers, on one timeline. It knows no workload and no
// faults; clients (`clients.ts`), the fault injector (`inject.ts`) and whatever else wants to live in it are
// residents that use its few doors. Whatever goes wrong first ends the run.
import { AppError } from '#model/errors.ts'
import type { NodeFile } from '#node/node-file.ts'
import type { Configuration } from '#raft/types.ts'
import type { CommandOf } from '#state/command.ts'
import type { MakeChecker } from './checker.ts'
import { Links } from './links.ts'
import type { Network } from './network.ts'
import { SimNode } from './node.ts'
import { Observer } from './observer.ts'
import type { FinishedOperation } from './operation.ts'
import type { Profile } from './profile.ts'
import { type SeededRandom, splitRandom } from './seeded-random.ts'
import { Timeline } from './timeline.ts'
import { Trace } from './trace.ts'

/** Those behind the first nodes may join later. */
const NAMES = ['aaaaaa', 'bbbbbb', 'cccccc', 'dddddd', 'eeeeee', 'ffffff', 'gggggg', 'hhhhhh']

const RESTART_US = 2_000_000

export type Violation = { readonly checker: string; readonly message: string }

export type WorldOptions = {
  readonly seed: number
  readonly nodeCount: number
  readonly profile: Profile
  readonly checkers: readonly MakeChecker[]
}

/** Something that lives in the world beside its nodes: clients, racks, a fault injector. */
export type Resident = {
  /** The world is there, its nodes are started. */
  readonly start: () => void
  /** A node died; what was asked of that process will not be answered. */
  readonly onDeath?: (node: SimNode) => void
  /** Faults are over: begin nothing new. */
  readonly onCalm?: () => void
  /** Things it began that have not ended. */
  readonly openCount?: () => number
}

export class World {
  readonly timeline = new Timeline()
  readonly trace = new Trace(() => this.timeline.nowUs)
  readonly nodes: readonly SimNode[]
  readonly profile: Profile
  readonly seed: number
  readonly observer: Observer
  readonly #links: Links
  readonly #residents: Resident[] = []
  violation: Violation | null = null
  divergedCount = 0
  #divergedUs = 0

  constructor(options: WorldOptions) {
    const { seed, nodeCount, profile, checkers } = options
    this.seed = seed
    this.profile = profile
    const { timeline, trace } = this
    const first = NAMES.slice(0, nodeCount)
    const nodes = (): readonly SimNode[] => this.nodes
    this.observer = new Observer({
      ...{ timeline, trace, nodes, checkers },
      configuration: configurationOf(first),
      fail: (checker, message) => this.fail(checker, message),
    })
    const random = this.random('network')
    this.#links = new Links({
      ...{ timeline, trace, random, nodes },
      observer: this.observer,
      usesCodec: profile.usesCodec,
      fail: (checker, message) => this.fail(checker, message),
    })
    this.nodes = NAMES.map((name, index) => this.#makeNode(name, index, first))
  }

  /** A stream of its own: more draws in one part do not change what another part draws. */
  random(name: string): SeededRandom {
    return splitRandom(this.seed, name)
  }

  get network(): Network {
    return this.#links.network
  }

  /** The newest that is committed. */
  get configuration(): Configuration {
    return this.observer.configuration
  }

  get voters(): readonly string[] {
    return this.configuration.voters
  }

  get up(): readonly SimNode[] {
    return this.nodes.filter((node) => node.isUp)
  }

  /** Of the highest term that anybody claims. */
  get leader(): SimNode | undefined {
    let leader: SimNode | undefined
    let best = -1
    for (const node of this.up) {
      const { leader: of, term } = node.assembly.region.status()
      if (of !== node.id || term <= best) continue
      leader = node
      best = term
    }
    return leader
  }

  add(resident: Resident): void {
    this.#residents.push(resident)
  }

  async begin(count: number): Promise<void> {
    for (const node of this.nodes.slice(0, count)) await this.start(node)
    for (const resident of this.#residents) resident.start()
  }

  fail(checker: string, message: string): void {
    if (this.violation !== null) return
    this.violation = { checker, message }
    this.trace.note('violation', checker, message)
    this.timeline.stop()
  }

  calm(): void {
    for (const resident of this.#residents) resident.onCalm?.()
  }

  openCount(): number {
    let count = 0
    for (const resident of this.#residents) count += resident.openCount?.() ?? 0
    return count
  }

  onOperation(operation: FinishedOperation): void {
    this.trace.note('operation', operation.id, operation.ended.result)
    this.observer.onOperation(operation)
  }

  /** Of a node that is down; checkers know that its disk is not what it was. */
  damage(node: SimNode, how: () => void): void {
    this.trace.note('damage', node.id)
    this.observer.onDamaged(node)
    node.damage(how)
  }

  /** From its disk; false when it may not. Connections come a little later. */
  async start(node: SimNode): Promise<boolean> {
    const started = await node.start()
    this.trace.note(started ? 'start' : 'refuses to start', node.id)
    if (!started) return false
    this.observer.watch(node)
    this.#links.onStart(node)
    return true
  }

  /** The process dies by `how`; its peers notice, unless they are cut off from it. */
  kill(node: SimNode, how: () => void): void {
    if (!node.isUp) return
    this.trace.note('death', node.id)
    this.observer.unwatch(node)
    how()
    this.#links.onDeath(node)
    for (const resident of this.#residents) resident.onDeath?.(node)
    this.timeline.dirty = true
  }

  disconnect(a: SimNode, b: SimNode): void {
    this.#links.disconnect(a, b)
  }

  reconnect(a: SimNode, b: SimNode): void {
    this.#links.connect(a, b)
  }

  #makeNode(name: string, index: number, first: readonly string[]): SimNode {
    const { timeline, profile, observer } = this
    return new SimNode({
      id: name,
      file: nodeFile(name, first, first),
      ...{ index, timeline, limits: profile.limits },
      random: this.random(`node ${index}`),
      initialise: INITIALISE,
      events: {
        onTask: (node) => {
          // Somebody waits for an answer, which may have come.
          const isWaiting = node.isBusy || timeline.nowUs < this.#divergedUs
          if (isWaiting || this.openCount() > 0) timeline.dirty = true
          observer.look(node)
        },
        onSave: (node, write) => observer.onSave(node, write),
        onSaved: (node, write) => observer.onSaved(node, write),
        onOpened: (node) => observer.onOpened(node),
        onFailure: (node, what, error) => this.#onFailure(node, what, error),
        onDiverged: (node) => this.#onDiverged(node),
        transport: (node) => this.#links.transport(node),
      },
    })
  }

  #onFailure(node: SimNode, what: string, error: unknown): void {
    const isExpected = error instanceof AppError && error.code === 'STORAGE_FAILED'
    if (!isExpected || !node.data.isFull) {
      this.fail('assertion', `${node.id}: ${what}: ${describe(error)}`)
      return
    }
    // It stopped itself at the first failed write (pitfall C2).
    this.timeline.soon(() => this.kill(node, () => node.kill()))
  }

  /** Serves nothing and has no vote from now on; its next start is another node's, as it were. */
  #onDiverged(node: SimNode): void {
    this.trace.note('diverged', node.id)
    this.divergedCount++
    // What it has is set aside at its next start, however that comes.
    this.damage(node, () => {})
    // Its leader records it, and nobody waits for that.
    this.#divergedUs = this.timeline.nowUs + 15_000_000
    const { life } = node.host
    this.timeline.in(RESTART_US, () => {
      if (!node.isUp || life !== node.host.life) return
      this.kill(node, () => node.kill())
      this.timeline.in(RESTART_US, () => void (node.phase === 'down' && this.start(node)))
    })
  }
}

const INITIALISE: CommandOf<'cluster.initialise'> = {
  type: 'cluster.initialise',
  clusterId: 'simulated',
  admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: '' },
  apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' },
  joinTokenDigest: 'd',
}

/** As the bootstrap writes it, and `region join`. */
export function nodeFile(
  nodeId: string,
  firstVoters: readonly string[],
  others: readonly string[],
): NodeFile {
  const peers = [...new Set([...others, nodeId])].map(addressOf)
  const shared = { version: 1 as const, clusterId: 'simulated', host: '192.0.2.1' }
  return { ...shared, nodeId, apiPort: 5240, peerPort: 5250, peers, firstVoters }
}

export function addressOf(id: string) {
  const number = NAMES.indexOf(id)
  const apiUrl = `http://192.0.2.${number + 1}:5240`
  return { id, host: '192.0.2.1', port: 5250 + number, apiUrl }
}

function configurationOf(voters: readonly string[]): Configuration {
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }
}

/** First line, cause, and the place in the product. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (${describe(error.cause)})`
  const place = /\/((?:cluster|rack)\/[\w/.-]+:\d+)/.exec(error.stack ?? '')?.[1] ?? ''
  return `${error.message.split('\n')[0] ?? ''}${cause} at ${place}`
}
