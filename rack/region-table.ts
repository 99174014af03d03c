// What a rack has seen of each region it knows: the input of `choose-region`. Bounded by the length of
// the region list, of which the first REGIONS_MAX count.
import type { RegionObservation } from './choose-region.ts'

const REGIONS_MAX = 32

export class RegionTable {
  #observations: Map<string, RegionObservation>

  constructor(peers: readonly string[]) {
    this.#observations = new Map()
    this.set(peers)
  }

  peers(): readonly string[] {
    return [...this.#observations.keys()]
  }

  observations(): readonly RegionObservation[] {
    return [...this.#observations.values()]
  }

  rttMs(peer: string | undefined): number | undefined {
    return peer === undefined ? undefined : this.#observations.get(peer)?.rttMs
  }

  /** Keeps what is known about those that stay. An empty list is never believed. */
  set(peers: readonly string[]): void {
    if (peers.length === 0) return
    const known = this.#observations
    this.#observations = new Map(
      peers.slice(0, REGIONS_MAX).map((peer) => [peer, known.get(peer) ?? unseen(peer)]),
    )
  }

  failed(peer: string, nowMs: number): void {
    this.#update(peer, ({ failures }) => ({ failures: failures + 1, failedAtMs: nowMs }))
  }

  answered(peer: string, rttMs: number): void {
    this.#update(peer, (seen) => ({
      failures: 0,
      failedAtMs: undefined,
      // RFC 6298's gain: one slow pong changes little.
      rttMs: seen.rttMs === undefined ? rttMs : seen.rttMs + (rttMs - seen.rttMs) / 8,
    }))
  }

  leader(peer: string): void {
    this.#update(peer, () => ({ leaderlessAtMs: undefined }))
  }

  leaderless(peer: string, nowMs: number): void {
    this.#update(peer, () => ({ leaderlessAtMs: nowMs }))
  }

  #update(peer: string, change: (seen: RegionObservation) => Partial<RegionObservation>): void {
    const seen = this.#observations.get(peer)
    if (seen !== undefined) this.#observations.set(peer, { ...seen, ...change(seen) })
  }
}

function unseen(peer: string): RegionObservation {
  const never = { rttMs: undefined, failedAtMs: undefined, leaderlessAtMs: undefined }
  return { peer, failures: 0, ...never }
}
