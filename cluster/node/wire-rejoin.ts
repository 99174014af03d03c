// Rejoin's ports over the real parts of a node.
import type { RegionLimits } from '#platform/config.ts'
import type { Platform } from '#platform/system.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import type { Raft } from '#raft/raft.ts'
import { configurationOnDisk } from './configuration-on-disk.ts'
import type { Disk } from './disk.ts'
import type { Driver } from './driver.ts'
import type { NodeFile } from './node-file.ts'
import type { Reads } from './reads.ts'
import { Rejoin } from './rejoin.ts'
import type { AppliedWaiters } from './waiters.ts'

export function wireRejoin(parts: {
  readonly disk: Disk
  readonly node: NodeFile
  readonly limits: RegionLimits
  readonly platform: Platform
  readonly raft: Raft
  readonly driver: Driver
  readonly reads: Reads
  readonly waiters: AppliedWaiters
  readonly send: (to: string, message: PeerMessage) => boolean
  readonly onChange: () => void
  readonly onFailure: (what: string, error: unknown) => void
}): Rejoin {
  const { disk, node, limits, platform, raft, driver, reads, waiters } = parts
  const { clock, scheduler, logger, metrics } = platform
  const onDisk = configurationOnDisk(disk.stores)
  return new Rejoin({
    ...{ nodeId: node.nodeId, disk, clock, scheduler, logger, metrics },
    peers: () => node.peers.map(({ id }) => id),
    send: parts.send,
    core: {
      configuration: () => {
        const { lastApplied, configuration } = raft.status()
        return lastApplied < onDisk.index ? onDisk : { index: lastApplied, configuration }
      },
      term: () => raft.term,
      start: () => driver.start(),
      forget: (life) => driver.input((core) => core.forget(life)),
      recover: () => driver.input((core) => core.recover()),
      hasRecovered: () => {
        const { amnesia, isVoteDurable } = raft.status()
        return amnesia === 0 && isVoteDurable
      },
    },
    // Asked through the core of this node, whose replies confirm nothing while it forgot.
    caughtUp: async () => {
      const index = await reads.index()
      await waiters.wait(index, clock.monotonicMs() + limits.requestTimeoutMs)
    },
    onChange: parts.onChange,
    onFailure: parts.onFailure,
  })
}
