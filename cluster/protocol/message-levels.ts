// What the messages between regions demand of the one who is told. A region that meets a type it does not know
// takes the frame for malformed and hangs up: it must not be sent one.
import type { LevelRange } from '#model/feature-level.ts'
import type { PeerMessage } from './peer.ts'

/** Feature level of the version that brought it. */
const LEVELS = {
  raft: 1,
  forward: 1,
  forwarded: 1,
  report: 1,
  recall: 2,
  recalled: 2,
  transfer: 2,
} as const satisfies { readonly [T in PeerMessage['type']]: number }

/** `levels` are those that the receiver supports. */
export function isKnownTo({ type }: Pick<PeerMessage, 'type'>, levels: LevelRange): boolean {
  return LEVELS[type] <= levels.max
}
