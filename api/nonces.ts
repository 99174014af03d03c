// Nonces seen, so that a captured request cannot be sent again to this region while its timestamp is still
// good. Two generations of bounded size: memory never exceeds it; under a flood a nonce is forgotten early,
// which weakens the protection and nothing else. Another region has a memory of its own.

/** Per generation; some 8 MB of short strings. */
const NONCES_MAX = 100_000

export class Nonces {
  readonly #generationMs: number
  #recent = new Set<string>()
  #older = new Set<string>()
  #turnedAtMs = 0

  /** A nonce is remembered at least `rememberMs`, unless the bound is hit. */
  constructor(rememberMs: number) {
    this.#generationMs = rememberMs
  }

  has(nonce: string): boolean {
    return this.#recent.has(nonce) || this.#older.has(nonce)
  }

  add(nonce: string, nowMs: number): void {
    if (this.#recent.size >= NONCES_MAX || nowMs - this.#turnedAtMs >= this.#generationMs) {
      this.#older = this.#recent
      this.#recent = new Set()
      this.#turnedAtMs = nowMs
    }
    this.#recent.add(nonce)
  }
}
