// The shortest part of a list that still fails, by delta debugging (Zeller, "Yesterday, my program worked",
// 1999): halves, quarters and so on are left out as long as the rest still fails. Bounded: a run is not free,
// and a schedule that is merely short is good enough to read.

export type ShrinkOptions<T> = {
  readonly items: readonly T[]
  /** Is this part enough to fail in the same way? Asked at most `triesMax` times. */
  readonly fails: (part: readonly T[]) => Promise<boolean>
  readonly triesMax: number
}

export async function shrink<T>(options: ShrinkOptions<T>): Promise<readonly T[]> {
  const { fails, triesMax } = options
  let items = options.items
  let pieces = 2
  let tries = 0
  const stillFails = async (part: readonly T[]): Promise<boolean> => {
    tries++
    return await fails(part)
  }
  if (items.length > 0 && (await stillFails([]))) return []
  while (items.length > 1 && tries < triesMax) {
    const size = Math.ceil(items.length / pieces)
    let reduced = false
    for (let at = 0; at < items.length && tries < triesMax; at += size) {
      const rest = [...items.slice(0, at), ...items.slice(at + size)]
      if (rest.length === 0 || !(await stillFails(rest))) continue
      items = rest
      pieces = Math.max(2, pieces - 1)
      reduced = true
      break
    }
    if (reduced) continue
    if (size === 1) break
    pieces = Math.min(items.length, pieces * 2)
  }
  return items
}
