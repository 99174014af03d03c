// Counting a query costs as much as looking it up. Those of one turn of the loop are counted together behind it.
import type { Labels, Metrics } from '#model/ports.ts'

/** `later` runs its argument once, soon; a scrape in between is short of one turn. */
export function batchedCounts(
  metrics: Pick<Metrics, 'count'>,
  later: (run: () => void) => void,
): Metrics['count'] {
  const waiting = new Map<string, { readonly name: string; readonly labels: Labels; by: number }>()
  const flush = (): void => {
    for (const { name, labels, by } of waiting.values()) metrics.count(name, labels, by)
    waiting.clear()
  }
  return (name, labels = {}, by = 1) => {
    let key = name
    for (const label in labels) key += `\n${labels[label]}`
    const known = waiting.get(key)
    if (known !== undefined) {
      known.by += by
      return
    }
    if (waiting.size === 0) later(flush)
    waiting.set(key, { name, labels, by })
  }
}
