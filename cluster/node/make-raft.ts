// The Raft core of a node, from its disk and its limits.
import type { RegionLimits } from '#platform/config.ts'
import type { Platform } from '#platform/system.ts'
import { Raft } from '#raft/raft.ts'
import { makeLogTime } from './log-time.ts'
import type { NodeFile } from './node-file.ts'
import type { Stores } from './open-stores.ts'

export function makeRaft(options: {
  readonly node: NodeFile
  readonly stores: Stores
  readonly limits: RegionLimits
  readonly platform: Platform
}): Raft {
  const { node, stores, limits, platform } = options
  const { electionTicksMin, heartbeatTicks, appendBytesMax, inflightMessagesMax } = limits
  return new Raft({
    id: node.nodeId,
    config: {
      ...{ electionTicksMin, heartbeatTicks, appendBytesMax, inflightMessagesMax },
      inflightBytesMax: limits.inflightBytesMax,
      uncommittedBytesMax: limits.uncommittedBytesMax,
      committedBytesMax: limits.committedBytesMax,
      caughtUpEntriesMax: limits.caughtUpEntriesMax,
      readsPendingMax: limits.proposalsWaitingMax,
      commitNoticeTicks: limits.commitNoticeTicks,
    },
    log: stores.log.reader,
    hardState: stores.log.hardState(),
    appliedIndex: stores.state.revision,
    configuration: stores.configuration,
    logTime: makeLogTime(platform.clock),
    random: platform.random,
  })
}
