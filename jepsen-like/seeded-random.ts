// Random numbers that a seed repeats exactly (mulberry32): schedules and choices of a run come from its seed.
// Real processes answer when they will, so the same seed gives the same plan, not the same run.

export type SeededRandom = {
  /** Whole number in [0, below). */
  readonly integer: (below: number) => number
  readonly pick: <T>(items: readonly T[]) => T
  /** A copy in another order. */
  readonly shuffle: <T>(items: readonly T[]) => T[]
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
  const pick = <T>(items: readonly T[]): T => {
    const item = items[integer(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
  const shuffle = <T>(items: readonly T[]): T[] => {
    const left = [...items]
    return items.map(() => left.splice(integer(left.length), 1)).flat()
  }
  return { integer, pick, shuffle }
}
