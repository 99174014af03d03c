// Who the peers are and where they are reached: the replicated rows, over what the node file says for the
// time before the first of them is applied. Removed nodes are in neither.
import type { SystemId } from '#model/ids.ts'
import { presentMembers } from '#state/members.ts'
import type { RegionState } from '#state/state.ts'
import type { PeerAddress } from '#protocol/join.ts'

export class Members {
  readonly #seeds: readonly PeerAddress[]
  readonly #state: () => RegionState

  constructor(seeds: readonly PeerAddress[], state: () => RegionState) {
    this.#seeds = seeds
    this.#state = state
  }

  /** By id, in the order of ids; this node included. Made anew: keep it no longer than a turn. */
  addresses(): ReadonlyMap<string, PeerAddress> {
    const state = this.#state()
    const seeds = this.#seeds.filter(({ id }) => !state.members.has(id as SystemId))
    const rows = presentMembers(state).map(({ id, host, port, apiUrl }) => ({
      ...{ id, host, port, apiUrl },
    }))
    const all: readonly PeerAddress[] = [...seeds, ...rows]
    return new Map(all.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((peer) => [peer.id, peer]))
  }

  isRemoved(id: string): boolean {
    return this.#state().members.get(id as SystemId)?.status === 'removed'
  }
}
