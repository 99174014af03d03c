// Who hears whom. Links have a direction: `a` may reach `b` while nothing comes back. Nothing here moves
// bytes; the proxies ask. Parties are called `node-1` …, `rack-1` …, and `client` for all clients together.

export type Link = { readonly from: string; readonly to: string }

export const CLIENT = 'client'

export class Network {
  readonly #blocked = new Set<string>()
  readonly #listeners = new Set<() => void>()

  allows(from: string, to: string): boolean {
    return !this.#blocked.has(linkName({ from, to }))
  }

  get isWhole(): boolean {
    return this.#blocked.size === 0
  }

  block(links: readonly Link[]): void {
    for (const link of links) this.#blocked.add(linkName(link))
    this.#tell()
  }

  heal(): void {
    this.#blocked.clear()
    this.#tell()
  }

  /** Calls `listener` after every change; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function linkName({ from, to }: Link): string {
  return `${from}>${to}`
}

/** Every link between one of `left` and one of `right`, both ways. */
export function between(left: readonly string[], right: readonly string[]): readonly Link[] {
  return left.flatMap((a) =>
    right.flatMap((b) =>
      a === b
        ? []
        : [
            { from: a, to: b },
            { from: b, to: a },
          ],
    ),
  )
}

export type PartitionShape = 'one' | 'halves' | 'ring' | 'bridge' | 'asymmetric'

/**
 * Links to cut between region nodes. `target` comes first: the node that is cut off (`one`), the first of the
 * minority (`halves`), the only one that hears both sides (`bridge`), the one that speaks but hears nothing
 * (`asymmetric`).
 */
export function partition(
  shape: PartitionShape,
  nodes: readonly string[],
): { readonly links: readonly Link[]; readonly targets: readonly string[] } {
  const [target = '', ...others] = nodes
  switch (shape) {
    case 'one':
      return { links: between([target], others), targets: [target] }
    case 'halves': {
      const minority = nodes.slice(0, Math.floor((nodes.length - 1) / 2))
      return { links: between(minority, nodes.slice(minority.length)), targets: minority }
    }
    case 'bridge': {
      const half = Math.floor(others.length / 2)
      return { links: between(others.slice(0, half), others.slice(half)), targets: [target] }
    }
    case 'asymmetric':
      return { links: others.map((from) => ({ from, to: target })), targets: [target] }
    case 'ring':
      return { links: ringLinks(nodes), targets: nodes }
    default:
      return shape satisfies never
  }
}

/**
 * With five, each hears its two neighbours: a majority, and no two the same one. With three everybody is
 * everybody's neighbour, so there each speaks to the next one only.
 */
function ringLinks(nodes: readonly string[]): readonly Link[] {
  return nodes.flatMap((from, i) =>
    nodes.flatMap((to, j) => {
      const ahead = (j - i + nodes.length) % nodes.length
      const isNeighbour = ahead === 1 || (nodes.length > 3 && ahead === nodes.length - 1)
      return i === j || isNeighbour ? [] : [{ from, to }]
    }),
  )
}
