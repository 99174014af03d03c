// Random numbers that a seed repeats exactly (mulberry32); for tests and simulation only.
export type SeededRandom = {
  /** Whole number in [0, below). */
  readonly integer: (below: number) => number
  /** Whole number in [from, to]. */
  readonly between: (from: number, to: number) => number
  /** True in `percent` of the calls. */
  readonly chance: (percent: number) => boolean
  readonly bytes: (count: number) => Uint8Array
  readonly pick: <T>(items: readonly T[]) => T
}

export function seededRandom(seed: number): SeededRandom {
  let state = (seed ^ 0x9e3779b9) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number): number => Math.floor(next() * below)
  return {
    integer,
    between: (from, to) => from + integer(to - from + 1),
    chance: (percent) => next() * 100 < percent,
    bytes: (count) => Uint8Array.from({ length: count }, () => integer(256)),
    pick: (items) => {
      const item = items[integer(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}

/** A stream of its own for each name, so that more draws from one do not change the others. */
export function splitRandom(seed: number, name: string): SeededRandom {
  let mixed = Math.imul(seed ^ 0x5bd1e995, 0x85ebca6b) >>> 0
  for (let i = 0; i < name.length; i++) {
    mixed = Math.imul(mixed ^ name.charCodeAt(i), 0x01000193) >>> 0
    mixed ^= mixed >>> 15
  }
  return seededRandom(mixed)
}
