// Changing the configuration, by etcd's apply-time rule (pitfall D3): one may be appended only when all
// before it are applied, and it counts from its application on. Who may wish for what, and when, is
// decided outside (the plan of `cluster/node`); here is what must hold whoever wishes.
import { type MembershipChange, planChange } from './change.ts'
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
import { quorumFault } from './strict-quorum.ts'
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
        /** A new voter lacks too much of the log, or does not answer (pitfall D8). */
        | 'notCaughtUp'
        /** Fewer voters than a quorum would be up and caught up (pitfall D9). */
        | 'quorumAtRisk'
      readonly detail: string
      readonly leader: NodeId | null
    }

export function proposeConfiguration(
  state: RaftState,
  configuration: Configuration,
): ProposeConfigurationResult {
  const hindrance = whyNotNow(state)
  if (hindrance !== null) return refuse(state, hindrance, '')
  const fault = changeFault(state.configuration, configuration)
  if (fault !== null) return refuse(state, 'invalid', fault)
  const risk = quorumFault(state, configuration)
  if (risk !== null) return refuse(state, risk.reason, risk.detail)
  const data = encodeConfiguration(configuration)
  const index = appendAsLeader(state, 'configuration', [data])
  return { ok: true, index, term: state.currentTerm }
}

/** The same for a wish: the core makes the configuration from the one in effect. */
export function changeMembership(
  state: RaftState,
  change: MembershipChange,
): ProposeConfigurationResult {
  // Said first: a node that does not lead knows nothing for certain.
  const hindrance = whyNotNow(state)
  if (hindrance !== null) return refuse(state, hindrance, '')
  const plan = planChange(state.configuration, change)
  return plan.ok
    ? proposeConfiguration(state, plan.configuration)
    : refuse(state, 'invalid', plan.fault)
}

type Refused = Extract<ProposeConfigurationResult, { ok: false }>

function whyNotNow(state: RaftState): Refused['reason'] | null {
  if (state.role !== 'leader') return 'notLeader'
  if (state.transferTo !== null) return 'transferring'
  if (!hasCommittedInTerm(state)) return 'notCommittedInTerm'
  return state.configurationIndexes.length > 0 ? 'pending' : null
}

function refuse(state: RaftState, reason: Refused['reason'], detail: string): Refused {
  return { ok: false, reason, detail, leader: state.leader }
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
  // Who goes has been told: the Ready that hands out a committed entry also carries the commit.
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
