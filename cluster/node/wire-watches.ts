// The two watches of a node, over its real parts: room on its disk, and its state against the others'.
import type { RegionLimits } from '#platform/config.ts'
import type { Platform } from '#platform/system.ts'
import type { Raft } from '#raft/raft.ts'
import type { DiskSpace } from '#storage/disk-space.ts'
import type { Driver } from './driver.ts'
import type { RegionNode } from './region-node.ts'
import type { Rejoin } from './rejoin.ts'
import { SpaceWatch } from './space-watch.ts'
import { StateWatch } from './state-watch.ts'
import type { Status } from './status.ts'

type Parts = {
  readonly nodeId: string
  readonly platform: Platform
  readonly raft: Raft
}

export function wireSpaceWatch(
  parts: Parts & {
    readonly space: DiskSpace
    readonly limits: RegionLimits
    readonly driver: Driver
    readonly status: Status
    readonly onChange: () => void
  },
): SpaceWatch {
  const { nodeId, platform, raft, space, limits, driver, status, onChange } = parts
  const { scheduler, logger, metrics } = platform
  return new SpaceWatch({
    ...{ nodeId, space, limits, scheduler, logger, metrics, onChange },
    voters: () => raft.status().configuration.voters,
    alarms: () => status.alarms(),
    isLeader: () => raft.role === 'leader',
    transferTo: (id) => driver.input((core) => core.transferLeadership(id)),
  })
}

export function wireStateWatch(
  parts: Parts & {
    readonly region: RegionNode
    /** Null where the stores are a test's own: then there is nothing but to stop. */
    readonly rejoin: Rejoin | null
    readonly onDiverged: (recorded: Promise<void>) => void
    readonly onFailure: (what: string, error: unknown) => never
  },
): StateWatch {
  const { nodeId, platform, raft, region, rejoin, onDiverged, onFailure } = parts
  const { logger, metrics } = platform
  return new StateWatch({
    ...{ nodeId, logger, metrics },
    voters: () => raft.status().configuration.voters,
    onDiverged: (why) => {
      if (rejoin === null) return onFailure('state comparison', new Error(why))
      region.refuse(why)
      onDiverged(rejoin.quarantine(why))
    },
    onOtherDiverged: (id, reason) => region.recordDivergence(id, reason),
  })
}
