// Which rack asks a machine's BMC whether it is on: one of those that live. Whoever reached it last goes on, so a BMC
// that only some racks reach is asked by one of these; a machine that nobody has reached yet, or not any more, is asked
// by another rack each turn. Racks and regions compute the same, and a view that is a moment old makes at worst one
// question too many or too few. Pure.
import type { SystemId } from './ids.ts'
import type { PowerState } from './machine.ts'

/** What racks need to know of a machine's power; of one that is switched by hand there is none. */
export type MachinePower = {
  readonly type: string
  readonly state: PowerState
  /** Reported last from its BMC; null: nobody did yet. */
  readonly rackId: SystemId | null
}

/** Where nothing else is said: seconds between two questions (MAAS's five minutes). */
export const POWER_QUERY_SECONDS = 300

/**
 * Of the living `racks`, null when there is none. `turn` counts up with each interval of log time and matters while the
 * state is `error` only.
 */
export function pollerOf(
  systemId: SystemId,
  { state, rackId }: MachinePower,
  { racks, turn }: { readonly racks: readonly SystemId[]; readonly turn: number },
): SystemId | null {
  if (state !== 'error' && rackId !== null && racks.includes(rackId)) return rackId
  // Rendezvous hashing: a rack that dies gives away its own machines and no others.
  const ranked = racks
    .map((rack) => ({ rack, weight: hash(`${systemId} ${rack}`) }))
    .toSorted((a, b) => b.weight - a.weight || (a.rack < b.rack ? -1 : 1))
  return ranked[state === 'error' ? turn % ranked.length : 0]?.rack ?? null
}

/** FNV-1a with the finish of MurmurHash3, 32 bits: spreads, keeps no secrets. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
