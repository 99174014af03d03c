// Composition of one region node: opens its stores, rebuilds the state, wires core, transport and services.
// The API is put on top by `tools/run-region.ts`, which is why nothing here knows HTTP.
import { join } from 'node:path'
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { failStop, makeBackground, type Platform } from '#platform/system.ts'
import type { PeerHandlers } from '#transport/links.ts'
import { startTransport } from '#transport/peer-transport.ts'
import { Backups } from './backups.ts'
import { BootFiles } from './boot-files.ts'
import { type Assembly, assemble } from './assemble.ts'
import { openDisk } from './disk.ts'
import { makeEnroller, type EnrollerOptions } from './enroll.ts'
import { Housekeeping, type HousekeepingOptions } from './housekeeping.ts'
import { join as joinCluster } from './join-cluster.ts'
import { makeJoiner } from './join-requests.ts'
import { LeaseMetrics } from './lease-metrics.ts'
import type { Members } from './members.ts'
import { Membership } from './membership.ts'
import { nextIncarnation, type NodeFile, readCredentials, readNodeFile } from './node-file.ts'
import { RackService } from './rack-service.ts'
import type { RegionMembership } from './region.ts'
import type { RegionNode } from './region-node.ts'
import { expectNotRemoved, watchRemoval } from './removal.ts'

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
  readonly membership: RegionMembership
  /** Resolves when this node is no member any more: close it, and do not start it again. */
  readonly removed: Promise<void>
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
  await expectNotRemoved(dir)
  const node = await readNodeFile(dir)
  const logger = platform.logger.with({ node_id: node.nodeId })
  const background = makeBackground(logger, platform.metrics)
  const onFailure = (what: string, error: unknown): never => failStop(logger, what, error)

  const incarnation = await nextIncarnation(dir, platform.clock.wallMs())
  const disk = await openDisk({ dir, node, incarnation, logger })
  const { stores } = disk
  const credentials = await readCredentials(dir, node, incarnation)
  const own = { ...platform, logger }
  const parts = assemble({
    ...{ node, incarnation, stores, disk, limits },
    platform: own,
    onFailure,
    onDiverged: () => racks.close(),
  })
  const { region } = parts
  const leases = new LeaseMetrics(platform.clock, platform.metrics)
  const racks = new RackService({
    ...{ region, limits, logger, background },
    onAnswer: (command, reply) => leases.onAnswer(command, reply),
    ...{ clock: platform.clock, metrics: platform.metrics },
  })
  const { onRemoved, removed } = watchRemoval(dir, logger)
  const { clock, scheduler } = platform
  const transport = await startTransport({
    credentials,
    listen: { host: node.host, port: node.peerPort },
    peers: () => parts.members.addresses(),
    isRemoved: (id) => parts.members.isRemoved(id),
    featureLevel: () => region.local().state.featureLevel,
    handlers: handlersOf({ parts, racks, credentials, clock, logger, onRemoved }),
    ...own,
  })
  parts.connect(transport)
  parts.start()
  const membership = new Membership({
    ...{ parts, limits, logger, background, caPem: credentials.caPem },
    ...{ clock, scheduler, onRemoved, membershipMs: limits.membershipMs, directory: dir },
    onPeers: () => transport.refreshPeers(),
  })
  const connectedRacks = () => racks.connected()
  const timer = startHousekeeping({ region, limits, background, clock, connectedRacks }, leases)
  const joining = new AbortController()
  const options = { dir, node, incarnation, region, version, logger, onRemoved }
  background(joinCluster(options, joining.signal), 'cluster.join')
  const close = async (): Promise<void> => {
    joining.abort()
    clearInterval(timer)
    membership.close()
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
  const bootFiles = makeBootFiles(dir, node, parts.members)
  return { region, node, bootFiles, backups, membership, removed, close }
}

function handlersOf(
  options: Omit<EnrollerOptions, 'region'> & {
    readonly parts: Assembly
    readonly racks: RackService
    readonly onRemoved: () => void
  },
): PeerHandlers {
  const { parts, racks, credentials, onRemoved } = options
  const { region, onMessage, onConnection, onSnapshot } = parts
  return {
    ...{ onMessage, onConnection, onSnapshot, onRemoved },
    onRack: (link) => racks.onRack(link),
    // What one without a certificate may ask for.
    onEnroll: makeEnroller({ ...options, region }),
    onJoin: makeJoiner({ ...options, region, credentials: () => credentials }),
  }
}

function startHousekeeping(options: HousekeepingOptions, leases: LeaseMetrics): NodeJS.Timeout {
  const housekeeping = new Housekeeping(options)
  return setInterval(() => {
    housekeeping.onTick()
    leases.onTick(options.region.local().state)
  }, 1_000)
}

function makeBootFiles(dir: string, { nodeId }: NodeFile, members: Members): BootFiles {
  const others = () => [...members.addresses().values()].filter(({ id }) => id !== nodeId)
  return new BootFiles({
    directory: join(dir, 'files'),
    otherRegions: () => others().map((peer) => peer.apiUrl),
    bytesMax: BOOT_FILE_BYTES_MAX,
  })
}
