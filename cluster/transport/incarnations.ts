// Highest incarnation seen of each region. A lower one is a process that was replaced and came back, from
// a pause or from a copied disk: it may not speak for the node any more (D13).

export class Incarnations {
  readonly #seen = new Map<string, number>()

  /** 0 when none. */
  of(nodeId: string): number {
    return this.#seen.get(nodeId) ?? 0
  }

  see(nodeId: string, incarnation: number): void {
    if (incarnation > this.of(nodeId)) this.#seen.set(nodeId, incarnation)
  }
}
