// Who leads, as each node sees itself, asked past the proxies a few times a second: for choosing whom a fault
// hits, and for the timeline of the report.
import type { ChaosNode } from './cluster.ts'
import { pause } from './waiting.ts'

export type Sighting = {
  readonly timeNs: number
  /** Name of the node. */
  readonly node: string
  readonly term: number
  readonly role: string
}

type ClusterJson = {
  readonly node_id: string
  readonly term: number
  readonly nodes: readonly {
    readonly id: string
    readonly role: string
    readonly applied: number
    /** `ok`, or that it has lost something and does not vote. */
    readonly condition: string
    /** Why, when it is not `ok`. */
    readonly reason: string | null
    /** Of its disk. */
    readonly alarm: string
  }[]
}

const PERIOD_MS = 200
const TIMEOUT_MS = 500
/** Seven nodes at five a second for two hours. */
const SIGHTINGS_MAX = 250_000

export class Observer {
  readonly sightings: Sighting[] = []
  /** Read each time: a node may be replaced by another one. */
  readonly #nodes: () => readonly ChaosNode[]
  readonly #nowNs: () => number

  constructor(nodes: () => readonly ChaosNode[], nowNs: () => number) {
    this.#nodes = nodes
    this.#nowNs = nowNs
  }

  async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      await Promise.all(this.#nodes().map((node) => this.#look(node)))
      await pause(PERIOD_MS, stopped)
    }
  }

  /** Name of the node that says so of itself with the highest term, asked now; null when none does. */
  async leader(): Promise<string | null> {
    const seen = await Promise.all(this.#nodes().map((node) => this.#look(node)))
    const leaders = seen.filter((one) => one !== null).filter(({ role }) => role === 'leader')
    return leaders.toSorted((a, b) => b.term - a.term)[0]?.node ?? null
  }

  async #look(node: ChaosNode): Promise<Sighting | null> {
    if (!node.daemon.isRunning || node.daemon.isPaused) return null
    const status = await statusOf(node)
    if (status === null) return null
    const role = status.nodes.find(({ id }) => id === node.id)?.role ?? 'unknown'
    const sighting = { timeNs: this.#nowNs(), node: node.name, term: status.term, role }
    if (this.sightings.length < SIGHTINGS_MAX) this.sightings.push(sighting)
    return sighting
  }
}

/**
 * Revision that the node has applied; null when it does not answer, says of itself that it has lost something and
 * must not vote yet, or that its disk is full.
 */
export async function appliedBy(node: ChaosNode): Promise<number | null> {
  const own = await ownRow(node)
  return own?.condition === 'ok' && own.alarm === 'none' ? own.applied : null
}

/** What a node says of itself that is not well, in a few words; null when all is well with it. */
export async function complaintOf(node: ChaosNode): Promise<string | null> {
  const own = await ownRow(node)
  if (own === undefined) return `${node.name} does not answer`
  return own.condition === 'ok' ? null : `${node.name} is ${own.condition}: ${own.reason}`
}

/** `none`, `low` or `critical`; null when the node does not answer. */
export async function alarmOf(node: ChaosNode): Promise<string | null> {
  return (await ownRow(node))?.alarm ?? null
}

async function ownRow(node: ChaosNode): Promise<ClusterJson['nodes'][number] | undefined> {
  const status = await statusOf(node)
  return status?.nodes.find(({ id }) => id === node.id)
}

async function statusOf(node: ChaosNode): Promise<ClusterJson | null> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(`${node.apiUrl}/api/v1/cluster`, { signal })
    return (await response.json()) as ClusterJson
  } catch {
    return null
  }
}
