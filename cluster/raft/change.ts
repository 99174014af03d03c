// From a wish ("promote d, remove a") to the configuration that grants it. Voters change by joint
// consensus only (dissertation §4.3): one path, for one voter as for many, and no majority of the old
// and the new side can ever miss each other. Pure functions from value to value.
import { configurationFault, isJoint, members } from './membership.ts'
import type { Configuration, NodeId } from './types.ts'

/** A node is named once. */
export type MembershipChange = {
  /** Not yet members; they receive entries and never count. */
  readonly addLearners?: readonly NodeId[]
  /** Learners that become voters (pitfall D8: nobody votes who was not brought up before). */
  readonly promote?: readonly NodeId[]
  /** Voters that go on as learners (pitfall D6). */
  readonly demote?: readonly NodeId[]
  /** Voters or learners that go. */
  readonly remove?: readonly NodeId[]
}

export type PlannedChange =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly fault: string }

/** `fault` is one sentence without its full stop: which part of the wish does not fit `from`. */
export function planChange(from: Configuration, change: MembershipChange): PlannedChange {
  const { addLearners = [], promote = [], demote = [], remove = [] } = change
  const fault = wishFault(from, { addLearners, promote, demote, remove })
  if (fault !== null) return { ok: false, fault }
  const stays = (id: NodeId): boolean => !remove.includes(id)
  const voters = from.voters.filter((id) => stays(id) && !demote.includes(id)).concat(promote)
  const learners = from.learners.filter((id) => stays(id) && !promote.includes(id))
  const votersChange = promote.length + demote.length > 0 || remove.some(isIn(from.voters))
  const configuration: Configuration = {
    voters,
    votersOutgoing: votersChange ? from.voters : [],
    learners: [...learners, ...addLearners],
    learnersNext: demote,
    autoLeave: votersChange,
  }
  const shape = configurationFault(configuration)
  return shape === null ? { ok: true, configuration } : { ok: false, fault: shape }
}

function wishFault(from: Configuration, change: Required<MembershipChange>): string | null {
  const { addLearners, promote, demote, remove } = change
  if (isJoint(from)) return 'the change before is not finished'
  const named = [...addLearners, ...promote, ...demote, ...remove]
  if (named.length === 0) return 'nothing is to be changed'
  if (new Set(named).size < named.length) return 'a node is named twice'
  const present = members(from)
  const known = addLearners.find(isIn(present))
  if (known !== undefined) return `${known} is a member already`
  const noLearner = promote.find((id) => !from.learners.includes(id))
  if (noLearner !== undefined) return `${noLearner} is not a learner`
  const noVoter = demote.find((id) => !from.voters.includes(id))
  if (noVoter !== undefined) return `${noVoter} is not a voter`
  const stranger = remove.find((id) => !present.includes(id))
  return stranger === undefined ? null : `${stranger} is not a member`
}

function isIn(ids: readonly NodeId[]): (id: NodeId) => boolean {
  return (id) => ids.includes(id)
}
