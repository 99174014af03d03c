// May this node trust its own disk? Pure: what the disk says, against what the others remember of what this
// node claimed in earlier lives (raft-features C10, §5). The rules and why they suffice are in README.md.
import type { ConfigurationAt, DiskPosition, PeerClaims } from '#protocol/peer.ts'
import { voteResult } from '#raft/quorum.ts'
import type { Configuration } from '#raft/types.ts'

/** What one peer said in this node's present life. */
export type Answer = {
  /** Null: it never heard of this node. */
  readonly claims: PeerClaims | null
  /** The peer's own current term when it answered; null: it is of level 1, which neither remembers nor says. */
  readonly term: number | null
  /** Who belongs to the cluster as far as the peer has applied it; null when it did not say. */
  readonly known: ConfigurationAt | null
}
/** Of a peer that does not know the question. */
export const NO_MEMORY: Answer = { claims: null, term: null, known: null }
export type Answers = ReadonlyMap<string, Answer>

export type Verdict =
  /** Not enough of the others have answered. */
  | { readonly type: 'waiting' }
  | { readonly type: 'sound' }
  /** `why` is a clause for a log line and `region status`. */
  | { readonly type: 'forgot'; readonly why: string }

/**
 * One answer that contradicts the disk is enough to distrust it; to trust it takes as many answers as make a
 * quorum with this node. No election can be won by fewer, so waiting for them costs nothing.
 */
export function judge(own: DiskPosition, who: Self, answers: Answers): Verdict {
  for (const [peer, { claims }] of answers) {
    const why = contradiction(own, claims)
    if (why !== null) return { type: 'forgot', why: `${peer} remembers that ${why}` }
  }
  const heard = new Map([...answers.keys()].map((peer) => [peer, true]))
  heard.set(who.id, true)
  return { type: voteResult(who.configuration, heard) === 'won' ? 'sound' : 'waiting' }
}

/**
 * A node that was down while members were replaced knows only the old ones, some of whom may be gone for good. What
 * another one has applied is committed, so the newest of all counts.
 */
export function newestConfiguration(own: ConfigurationAt, answers: Answers): Configuration {
  let newest = own
  for (const { known } of answers.values()) {
    if (known !== null && known.index > newest.index) newest = known
  }
  return newest.configuration
}

export type Self = { readonly id: string; readonly configuration: Configuration }

/** A clause that says what the disk lost; null when claims and disk agree. */
export function contradiction(own: DiskPosition, claims: PeerClaims | null): string | null {
  // What was said in this very life is no older than the disk it started with.
  if (claims === null || claims.incarnation === own.incarnation) return null
  if (claims.incarnation > own.incarnation) {
    return `it lived as ${claims.incarnation}, and it starts as ${own.incarnation} only`
  }
  if (claims.epoch > own.epoch) return `its disk was replaced in its life ${claims.epoch}`
  if (claims.term > own.term) return `it was in term ${claims.term}, its disk says ${own.term}`
  // A log begun anew counts from 1 again, and was filled by a leader before it counted.
  if (claims.epoch < own.epoch) return null
  if (claims.batchSequence > own.batchSequence) {
    return `batch ${claims.batchSequence} was synced, its disk ends with ${own.batchSequence}`
  }
  // Within one term there is one leader, and what it has acknowledged is not taken back.
  if (claims.ackedTerm === own.term && claims.ackedIndex > own.lastIndex) {
    return `it acknowledged entry ${claims.ackedIndex}, its log ends at ${own.lastIndex}`
  }
  return null
}

/**
 * The terms in which a node that forgot may have promised anything are known when every other voter has
 * said, in its present life, in which term it is itself: a promise is made to somebody. From then on its own
 * term must be at least as high.
 */
export function knowsItsTerms(who: Self, answers: Answers, term: number): boolean {
  const { voters, votersOutgoing } = who.configuration
  const others = [...voters, ...votersOutgoing].filter((id) => id !== who.id)
  // Nobody to be seeded from: such a node does not come back by itself.
  if (others.length === 0) return false
  return others.every((id) => {
    const answer = answers.get(id)
    return answer !== undefined && answer.term !== null && answer.term <= term
  })
}
