// What the leader does next so that the Raft configuration becomes what the members' rows wish. Pure: rows
// and configuration in, one step out. A step that is taken twice, or by two leaders, does no harm: the
// core allows one change at a time, and reports name the wish they are about.
import type { Member } from '#model/member.ts'
import type { MembershipChange } from '#raft/change.ts'
import { isJoint, members as membersOf } from '#raft/membership.ts'
import type { Configuration } from '#raft/types.ts'
import type { CommandOf } from '#state/command.ts'

export type MembershipStep =
  | {
      readonly kind: 'configure'
      readonly change: MembershipChange
      /** Whose wish to go it is; told when the quorum forbids it. */
      readonly leaving: readonly Member[]
    }
  | { readonly kind: 'report'; readonly command: CommandOf<'member.report'> }

export type MembershipView = {
  /** Rows that wish something, in the order of their ids; others are passed over. */
  readonly members: Iterable<Member>
  /** As applied by the leader. */
  readonly configuration: Configuration
  readonly isClose: (id: string) => boolean
  /** Log time, ms. */
  readonly now: number
  /** A node that has not become a voter so long after its wish has failed to join. */
  readonly joinTimeoutMs: number
}

/** Null: nothing to do, or what was begun is not finished. */
export function planMembership(view: MembershipView): MembershipStep | null {
  const { configuration, now, joinTimeoutMs } = view
  // A joint configuration leaves itself (D5); until then nobody is in or out.
  if (isJoint(configuration)) return null
  const rows = [...view.members]
  const joining = rows.filter(({ status }) => status === 'joining')
  const leaving = rows.filter(({ status }) => status === 'leaving')
  const present = membersOf(configuration)
  const isVoter = ({ id }: Member): boolean => configuration.voters.includes(id)
  const isPresent = ({ id }: Member): boolean => present.includes(id)

  const joined = joining.find(isVoter)
  if (joined !== undefined) return report(joined, 'joined', '')
  const gone = leaving.find((row) => !isPresent(row))
  if (gone !== undefined) return report(gone, 'removed', '')
  const late = joining.find(({ statusAt }) => now - statusAt > joinTimeoutMs)
  if (late !== undefined) return report(late, 'failed', lateNote(late, isPresent(late), view))

  // In one change: a dead voter is replaced without a moment of fewer voters (D9).
  const promote = joining.filter((row) => isPresent(row) && view.isClose(row.id)).map(idOf)
  const remove = leaving.map(idOf)
  if (promote.length + remove.length > 0) {
    return { kind: 'configure', change: { promote, remove }, leaving }
  }
  const addLearners = joining.filter((row) => !isPresent(row)).map(idOf)
  if (addLearners.length === 0) return null
  return { kind: 'configure', change: { addLearners }, leaving: [] }
}

function idOf({ id }: Member): string {
  return id
}

function lateNote(row: Member, isLearner: boolean, view: MembershipView): string {
  const seconds = Math.round(view.joinTimeoutMs / 1_000)
  if (!isLearner) return `${row.id} could not be added within ${seconds} s.`
  return `${row.id} did not catch up within ${seconds} s: it is unreachable or too slow.`
}

export function report(
  { id, statusRevision }: Member,
  result: CommandOf<'member.report'>['result'],
  note: string,
): Extract<MembershipStep, { kind: 'report' }> {
  return { kind: 'report', command: { type: 'member.report', id, statusRevision, result, note } }
}
