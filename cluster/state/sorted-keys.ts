// Keys of a table in ascending order, made when somebody iterates and then kept up to date: a few
// changes are put in place one by one, many are sorted anew. Writers pay one push.

export type Key = string | number

/** Above this many changes since the last look, sorting anew is cheaper than moving each into place. */
const INSERT_MAX = 128

export class SortedKeys<K extends Key> {
  #sorted: K[] | null = null
  #changes: { readonly key: K; readonly added: boolean }[] = []

  added(key: K): void {
    this.#changed(key, true)
  }

  removed(key: K): void {
    this.#changed(key, false)
  }

  /** `keys` are the table's own, in any order. The result is this object's: read it at once. */
  all(keys: Iterable<K>): readonly K[] {
    const sorted = this.#sorted
    if (sorted === null) {
      this.#sorted = [...keys].sort(compareKeys)
      return this.#sorted
    }
    if (this.#changes.length === 0) return sorted
    // A fresh array: somebody may be iterating over the old one.
    const next = [...sorted]
    for (const { key, added } of this.#changes) {
      const at = lowerBound(next, key)
      if (added) next.splice(at, 0, key)
      else next.splice(at, 1)
    }
    this.#changes = []
    this.#sorted = next
    return next
  }

  /** At most `limit` keys greater than `after`. */
  after(keys: Iterable<K>, after: K | undefined, limit: number): readonly K[] {
    const sorted = this.all(keys)
    if (after === undefined) return sorted.slice(0, limit)
    let at = lowerBound(sorted, after)
    if (sorted[at] === after) at++
    return sorted.slice(at, at + limit)
  }

  #changed(key: K, added: boolean): void {
    if (this.#sorted === null) return
    this.#changes.push({ key, added })
    if (this.#changes.length > INSERT_MAX) {
      this.#sorted = null
      this.#changes = []
    }
  }
}

export function compareKeys(a: Key, b: Key): number {
  if (a === b) return 0
  if (a < b) return -1
  // Of two kinds neither is less: numbers come first, as they do in the state database.
  return a > b || typeof a === 'string' ? 1 : -1
}

/** Index of the first key that is not less than `key`. */
function lowerBound<K extends Key>(sorted: readonly K[], key: K): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareKeys(sorted[middle] as K, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
