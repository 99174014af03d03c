// A set of texts that can tell whether one of them begins in a given way. They are sorted when that is first asked;
// a change then moves what comes behind it: 100,000 texts by some 20 µs.

export class SortedTexts {
  readonly #texts = new Set<string>()
  /** Null: nobody asked yet. */
  #sorted: string[] | null = null

  add(text: string): void {
    if (this.#texts.has(text)) return
    this.#texts.add(text)
    this.#sorted?.splice(lowerBound(this.#sorted, text), 0, text)
  }

  delete(text: string): void {
    if (!this.#texts.delete(text)) return
    this.#sorted?.splice(lowerBound(this.#sorted, text), 1)
  }

  hasBeginning(beginning: string): boolean {
    this.#sorted ??= [...this.#texts].sort()
    return this.#sorted[lowerBound(this.#sorted, beginning)]?.startsWith(beginning) === true
  }
}

/** Index of the first text that is not less than `text`. */
function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? '') < text) low = middle + 1
    else high = middle
  }
  return low
}
