// When a disk has too little room, and what that means for the cluster. Pure (pitfall C13): the database must
// never meet a full disk, for its first failed write ends the process, and with it a vote.
import type { SpaceAlarm } from '#protocol/peer.ts'
import { quorumSize } from '#raft/quorum.ts'

export type SpaceLimits = {
  /** Free bytes below which the alarm is `low` … */
  readonly diskLowBytes: number
  /** … and `critical`. Must hold what arrives between two looks at the disk. */
  readonly diskCriticalBytes: number
  /** Set aside while there is room, given up at the alarm. */
  readonly diskReserveBytes: number
}

/**
 * `freeBytes` as the file system says now. Room that the reserve's own release made does not end the alarm, and
 * neither does a little more than the limit: a node at the edge would change its mind with every batch.
 */
export function nextAlarm(before: SpaceAlarm, freeBytes: number, limits: SpaceLimits): SpaceAlarm {
  const { diskLowBytes, diskCriticalBytes, diskReserveBytes } = limits
  const critical = before === 'critical' ? 2 * diskCriticalBytes : diskCriticalBytes
  if (freeBytes < critical) return 'critical'
  const low = before === 'none' ? diskLowBytes : 1.5 * diskLowBytes + diskReserveBytes
  return freeBytes < low ? 'low' : 'none'
}

/** Writes are taken while a quorum of the voters has room for them; a voter nobody hears of counts as away. */
export function hasRoom(
  voters: readonly string[],
  alarms: ReadonlyMap<string, SpaceAlarm>,
): boolean {
  if (voters.length === 0) return true
  const roomy = voters.filter((id) => (alarms.get(id) ?? 'none') === 'none').length
  return roomy >= quorumSize(voters.length)
}

/** To whom a leader without room should hand over; null when nobody has more of it. */
export function roomierVoter(
  voters: readonly string[],
  alarms: ReadonlyMap<string, SpaceAlarm>,
  self: string,
): string | null {
  const found = voters.filter((id) => id !== self && alarms.get(id) === 'none')
  return found.toSorted()[0] ?? null
}
