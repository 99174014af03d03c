// Composition of one region node: opens its stores, rebuilds the state, wires core, transport and services.
// The API is put on top by `tools/run-region.ts`, which is why nothing here knows HTTP.
import { join } from 'node:path'
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { failStop, makeBackground, type Platform } from '#platform/system.ts'
import { startTransport } from '#transport/peer-transport.ts'
import { Backups } from './backups.ts'
import { BootFiles } from './boot-files.ts'
import { assemble } from './assemble.ts'
import { openDisk } from './disk.ts'
import { makeEnroller } from './enroll.ts'
import { Housekeeping, type HousekeepingOptions } from './housekeeping.ts'
import { join as joinCluster } from './join-cluster.ts'
import { nextIncarnation, type NodeFile, readCredentials, readNodeFile } from './node-file.ts'
import { RackService } from './rack-service.ts'
import type { RegionNode } from './region-node.ts'

export type RegionConfig = {
  /** Directory of this node: `node.json`, `pki/`, and what the node writes. */
  readonly dir: string
  readonly version: string
  readonly limits?: Partial<RegionLimits>
}

export type RunningRegion = {
  readonly region: RegionNode
  readonly node: NodeFile
  readonly bootFiles: BootFiles
  readonly backups: Backups
  /** Hands leadership over, says goodbye to racks, and leaves the disk in a clean state. */
  readonly close: () => Promise<void>
}

const BOOT_FILE_BYTES_MAX = 16 * 2 ** 30

export async function startRegion(
  config: RegionConfig,
  platform: Platform,
): Promise<RunningRegion> {
  const { dir, version } = config
  const limits: RegionLimits = { ...REGION_CONFIG, ...config.limits }
  const node = await readNodeFile(dir)
  const logger = platform.logger.with({ node_id: node.nodeId })
  const background = makeBackground(logger, platform.metrics)
  const onFailure = (what: string, error: unknown): never => failStop(logger, what, error)

  const incarnation = await nextIncarnation(dir, platform.clock.wallMs())
  const disk = await openDisk({ dir, node, incarnation, logger })
  const { stores } = disk
  const credentials = await readCredentials(dir, node, incarnation)
  const parts = assemble({
    node,
    incarnation,
    ...{ stores, disk },
    limits,
    platform: { ...platform, logger },
    onFailure,
    onDiverged: () => racks.close(),
  })
  const { region } = parts
  const racks = new RackService({
    ...{ region, limits, logger, background },
    ...{ clock: platform.clock, metrics: platform.metrics },
  })
  const others = node.peers.filter((peer) => peer.id !== node.nodeId)
  const peers = new Map(others.map((peer) => [peer.id, peer]))
  const transport = await startTransport({
    credentials,
    listen: { host: node.host, port: node.peerPort },
    peers: () => peers,
    featureLevel: () => region.local().state.featureLevel,
    handlers: {
      onMessage: parts.onMessage,
      onConnection: parts.onConnection,
      onSnapshot: parts.onSnapshot,
      onRack: (link) => racks.onRack(link),
      onEnroll: makeEnroller({ region, credentials, clock: platform.clock, logger }),
    },
    ...{ ...platform, logger },
  })
  parts.connect(transport)
  parts.start()
  const connectedRacks = () => racks.connected()
  const { clock } = platform
  const timer = startHousekeeping({ region, limits, background, clock, connectedRacks })
  const joining = new AbortController()
  background(
    joinCluster({ dir, node, incarnation, region, version, logger }, joining.signal),
    'cluster.join',
  )
  const close = async (): Promise<void> => {
    joining.abort()
    clearInterval(timer)
    region.beginStop()
    await region.transferLeadership(null)
    racks.close()
    await parts.stop()
    await transport.close()
    await stores.close()
    logger.info('region.stopped')
  }
  const { snapshotSliceMs: sliceMs } = limits
  const backups = new Backups({ region, clock, version, sliceMs })
  return { region, node, bootFiles: makeBootFiles(dir, node), backups, close }
}

function startHousekeeping(options: HousekeepingOptions): NodeJS.Timeout {
  const housekeeping = new Housekeeping(options)
  return setInterval(() => housekeeping.onTick(), 1_000)
}

function makeBootFiles(dir: string, node: NodeFile): BootFiles {
  const others = node.peers.filter((peer) => peer.id !== node.nodeId)
  return new BootFiles({
    directory: join(dir, 'files'),
    otherRegions: () => others.map((peer) => peer.apiUrl),
    bytesMax: BOOT_FILE_BYTES_MAX,
  })
}
