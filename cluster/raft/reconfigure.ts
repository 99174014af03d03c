// Changing the configuration, by etcd's apply-time rule (pitfall D3): one may be appended only when all
// before it are applied, and it counts from its application on. Whole and correct, but minimal: the
// commands that use it come later.
import { bestFollower } from './leader.ts'
import {
  changeFault,
  encodeConfiguration,
  isJoint,
  isVoter,
  leaveJoint,
  members,
} from './membership.ts'
import { makeProgress } from './progress.ts'
import { advanceCommit, appendAsLeader } from './proposal.ts'
import { confirmReads } from './read-index.ts'
import { replicateToAll } from './replication.ts'
import { becomeFollower } from './roles.ts'
import { hasCommittedInTerm, header, type RaftState, sendNow } from './state.ts'
import type { Configuration, LogIndex, NodeId, Term } from './types.ts'

export type ProposeConfigurationResult =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | {
      readonly ok: false
      /** All definite: nothing was appended. */
      readonly reason:
        | 'notLeader'
        | 'transferring'
        /** The leader has not committed in its term yet (pitfall D1); ask again. */
        | 'notCommittedInTerm'
        /** Another configuration is not applied yet (pitfall D2); ask again. */
        | 'pending'
        | 'invalid'
      readonly detail: string
      readonly leader: NodeId | null
    }

export function proposeConfiguration(
  state: RaftState,
  configuration: Configuration,
): ProposeConfigurationResult {
  const { leader } = state
  const no = { ok: false, leader, detail: '' } as const
  if (state.role !== 'leader') return { ...no, reason: 'notLeader' }
  if (state.transferTo !== null) return { ...no, reason: 'transferring' }
  if (!hasCommittedInTerm(state)) return { ...no, reason: 'notCommittedInTerm' }
  if (state.configurationIndexes.length > 0) return { ...no, reason: 'pending' }
  const fault = changeFault(state.configuration, configuration)
  if (fault !== null) return { ...no, reason: 'invalid', detail: fault }
  const data = encodeConfiguration(configuration)
  const index = appendAsLeader(state, 'configuration', [data])
  return { ok: true, index, term: state.currentTerm }
}

/** A configuration entry takes effect: everything that counts voters is counted anew (D12). */
export function applyConfiguration(state: RaftState, configuration: Configuration): void {
  state.configuration = configuration
  if (state.role !== 'leader') return
  const ids = members(configuration)
  if (!isVoter(configuration, state.id)) {
    stepDownRemoved(state)
    return
  }
  for (const id of state.progress.keys()) {
    if (!ids.includes(id)) state.progress.delete(id)
  }
  for (const id of ids) {
    if (id === state.id || state.progress.has(id)) continue
    // D8: active at first, or the next quorum check would find a new peer silent.
    const nextIndex = state.log.lastIndex + 1
    state.progress.set(id, makeProgress(state.config, { nextIndex, recentActive: true }))
  }
  const { transferTo } = state
  if (transferTo !== null && !configuration.voters.includes(transferTo)) state.transferTo = null
  advanceCommit(state)
  confirmReads(state)
}

/** D7: tell the others what is committed, wake the best of them, and lead no more. */
function stepDownRemoved(state: RaftState): void {
  replicateToAll(state)
  const best = bestFollower(state)
  if (best !== null) sendNow(state, { ...header(state, best), type: 'timeoutNow' })
  becomeFollower(state, state.currentTerm, null)
}

/** D5: whoever leads, a joint configuration that leaves by itself is left as soon as it is applied. */
export function autoLeaveJoint(state: RaftState): void {
  const { configuration } = state
  if (state.role !== 'leader' || !isJoint(configuration) || !configuration.autoLeave) return
  if (!hasCommittedInTerm(state) || state.configurationIndexes.length > 0) return
  appendAsLeader(state, 'configuration', [encodeConfiguration(leaveJoint(configuration))])
}
