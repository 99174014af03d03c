// This node's side of its client session (dissertation §6.3): sequence numbers of requests under way.
// `answeredBelow` tells the state machine which remembered outcomes nobody will ask for again.

export class Requests {
  readonly session: string
  #last = 0
  // Sequences only grow and a Set keeps insertion order: its first element is the oldest under way.
  readonly #underWay = new Set<number>()

  constructor(session: string) {
    this.session = session
  }

  get underWay(): number {
    return this.#underWay.size
  }

  begin(): { readonly session: string; readonly sequence: number; readonly answeredBelow: number } {
    const sequence = ++this.#last
    this.#underWay.add(sequence)
    return { session: this.session, sequence, answeredBelow: this.#oldest() }
  }

  /** The outcome is known here, or its requester gave up for good. */
  end(sequence: number): void {
    this.#underWay.delete(sequence)
  }

  #oldest(): number {
    for (const sequence of this.#underWay) return sequence
    return this.#last + 1
  }
}
