// What happened, as numbers and short words: a running digest over everything, and the last lines in words for
// a failure. Two runs of one seed have equal digests, or the simulator is not deterministic.

type Words = readonly (string | number)[]

const KEPT_LINES = 400
const WORDS_MAX = 1_000

export class Trace {
  readonly #nowUs: () => number
  #high = 0x811c9dc5
  #low = 0x9e3779b9
  /** The last lines, as a ring: `#count` goes round it. */
  readonly #words: Words[] = []
  readonly #times: number[] = []
  /** Words come again and again. */
  readonly #hashes = new Map<string, number>()
  #count = 0

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs
  }

  get count(): number {
    return this.#count
  }

  note(...words: (string | number)[]): void {
    const nowUs = this.#nowUs()
    this.#words[this.#count % KEPT_LINES] = words
    this.#times[this.#count % KEPT_LINES] = nowUs
    this.#count++
    this.#mix(nowUs)
    for (const word of words) this.#mix(typeof word === 'number' ? word : this.#hash(word))
  }

  /** 64 bits in hex. */
  digest(): string {
    const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0')
    return `${hex(this.#high)}${hex(this.#low)}`
  }

  lastLines(count: number): readonly string[] {
    const first = Math.max(0, this.#count - Math.min(count, KEPT_LINES))
    return Array.from({ length: this.#count - first }, (_, i) => {
      const at = (first + i) % KEPT_LINES
      const ms = ((this.#times[at] ?? 0) / 1_000).toFixed(3).padStart(12)
      return `${ms} ms  ${(this.#words[at] ?? []).join(' ')}`
    })
  }

  #hash(word: string): number {
    const known = this.#hashes.get(word)
    if (known !== undefined) return known
    let hash = 0x811c9dc5
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193)
    if (this.#hashes.size < WORDS_MAX) this.#hashes.set(word, hash)
    return hash
  }

  /** FNV-1a over both 32-bit halves of the number, and a second lane that is mixed otherwise. */
  #mix(value: number): void {
    const low = value | 0
    const high = Math.floor(value / 2 ** 32) | 0
    this.#high = Math.imul(this.#high ^ low, 0x01000193)
    this.#high = Math.imul(this.#high ^ high, 0x01000193)
    this.#low = Math.imul(this.#low + low, 0x85ebca6b) ^ (this.#low >>> 13)
    this.#low = (this.#low + high) | 0
  }
}
