// A workload: what clients do while faults happen, and how what they saw is judged.
import type { ChaosNode } from './cluster.ts'
import type { History, Operation } from './history.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Finding } from './verdict.ts'

/** Answers DNS on loopback, by UDP and TCP. */
export type DnsServer = { readonly name: string; readonly port: number }

export type WorkloadContext = {
  readonly nodes: readonly ChaosNode[]
  readonly apiKey: string
  /** Of all that are members now, and of racks; none unless a workload `needsDns`. */
  readonly dnsServers: () => readonly DnsServer[]
  readonly history: History
  readonly random: SeededRandom
  /** The run is broken off: end at once, whatever is unfinished. */
  readonly broken: AbortSignal
}

/** One run of it. */
export type Run = {
  /** Until `stopped` is aborted; operations under way are ended first. Rejects only for a broken harness. */
  readonly work: (stopped: AbortSignal) => Promise<void>
  /** After healing, with nobody at work: final reads. */
  readonly finish: () => Promise<void>
}

export type Workload = {
  readonly name: string
  readonly summary: string
  /** Feature that it waits for: it can be named, and is no pass. */
  readonly arrivesWith?: string
  /** Why it cannot work here. */
  readonly missing?: () => Promise<string | null>
  readonly racks?: number
  /** Regions and racks have to answer DNS. */
  readonly needsDns?: true
  /** Its final reads ask for state and nothing else: a cluster made of one node's disk can answer them. */
  readonly readsStateOnly?: true
  /** It needs a network of its own: makes it, inside; returns the interfaces of the racks, in order. */
  readonly ownNetwork?: () => readonly string[]
  /** Makes what it needs while everything is healthy. */
  readonly prepare: (context: WorkloadContext) => Promise<Run>
  readonly check: (operations: readonly Operation[], limitMs: number) => Finding
}
