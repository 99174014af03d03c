// A collection that nearly always has one member, among a million of its kind: the member itself, a short array, or a
// set where there are many. Empty is undefined.

export type Few<T extends object> = T | readonly T[] | Set<T> | undefined

const ARRAY_MAX = 16

/** With `item`, which is not in it yet; `few` must not be used afterwards. */
export function added<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few === undefined) return item
  if (few instanceof Set) return few.add(item)
  const more = [...itemsOf(few), item]
  return more.length > ARRAY_MAX ? new Set(more) : more
}

/** Without `item`, whether it was in it or not; `few` must not be used afterwards. */
export function removed<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few instanceof Set) {
    few.delete(item)
    return few.size === 0 ? undefined : few
  }
  const left = itemsOf(few).filter((each) => each !== item)
  return left.length > 1 ? left : left[0]
}

/** In the order in which they came. */
export function itemsOf<T extends object>(few: Few<T>): readonly T[] {
  if (few === undefined) return []
  if (few instanceof Set) return [...few]
  return isArray(few) ? few : [few]
}

function isArray<T extends object>(few: T | readonly T[]): few is readonly T[] {
  return Array.isArray(few)
}
