// Composition of one region node: opens its stores, rebuilds the state, wires core, transport and services.
// The API is put on top by `tools/run-region.ts`, which is why nothing here knows HTTP.
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { failStop, makeBackground, type Platform } from '#platform/system.ts'
import type { PeerAddress } from '#protocol/join.ts'
import type { Credentials, PeerHandlers } from '#transport/links.ts'
import { type RunningTransport, startTransport } from '#transport/peer-transport.ts'
import { Backups } from './backups.ts'
import type { BootFiles } from './boot-files.ts'
import type { BootUploads } from './boot-uploads.ts'
import { type Assembly, assemble } from './assemble.ts'
import { openDisk } from './disk.ts'
import { Divergence } from './divergence.ts'
import { makeEnroller, type EnrollerOptions } from './enroll.ts'
import { Housekeeping, type HousekeepingOptions } from './housekeeping.ts'
import { startImages } from './images/start.ts'
import { join as joinCluster } from './join-cluster.ts'
import { makeJoiner } from './join-requests.ts'
import { LeaseMetrics } from './lease-metrics.ts'
import type { Members } from './members.ts'
import { Membership } from './membership.ts'
import { NodeCredentials } from './node-credentials.ts'
import { nextIncarnation, type NodeFile, readNodeFile } from './node-file.ts'
import { readCredentials } from './own-certificate.ts'
import { RackService } from './rack-service.ts'
import type { RegionMembership } from './region.ts'
import type { RegionNode } from './region-node.ts'
import { makeRenewer } from './renew-requests.ts'
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
  readonly bootUploads: BootUploads
  readonly backups: Backups
  readonly membership: RegionMembership
  /** Resolves when this node is no member any more: close it, and do not start it again. */
  readonly removed: Promise<void>
  /** Resolves when its state is not the cluster's: close it and start it again, and it is re-seeded. */
  readonly wrong: Promise<void>
  /** Hands leadership over, says goodbye to racks, and leaves the disk in a clean state. */
  readonly close: () => Promise<void>
}

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
  const { clock, scheduler } = platform
  const own = { ...platform, logger }
  const others = () => othersOf(parts.members, node)
  const credentials = await openCredentials({ dir, node, incarnation, platform: own, others })
  const divergence = new Divergence({
    ...{ scheduler, background, reportMs: limits.reportMs },
    onDiverged: () => racks.close(),
  })
  const parts = assemble({
    ...{ node, incarnation, stores, disk, limits, platform: own },
    certificateExpiresMs: () => credentials.expiresMs(),
    onFailure,
    onDiverged: divergence.onDiverged,
  })
  const { region } = parts
  const leases = new LeaseMetrics(clock, platform.metrics)
  const onAnswer: LeaseMetrics['onAnswer'] = (...answer) => leases.onAnswer(...answer)
  const racks = new RackService({ region, limits, background, onAnswer, ...own })
  const { onRemoved, removed } = watchRemoval(dir, logger)
  await credentials.beforeListening()
  const current = () => credentials.current
  const handlers = handlersOf({ parts, racks, clock, logger, onRemoved, credentials: current })
  const transport = await openTransport({ node, parts, handlers, platform: own, current })
  credentials.start(transport.setCredentials)
  parts.connect(transport)
  parts.start()
  const membership = new Membership({
    ...{ parts, limits, logger, background, caPem: credentials.current.caPem },
    ...{ clock, scheduler, membershipMs: limits.membershipMs, directory: dir },
    onPeers: () => transport.refreshPeers(),
  })
  const beats = { region, limits, background, clock, connectedRacks: () => racks.connected() }
  const timer = startHousekeeping(beats, leases)
  const join = { dir, node, incarnation, region, version, logger, onRemoved }
  const images = startImages({ dir, region, others, platform: own, background })
  const joining = new AbortController()
  background(joinCluster(join, joining.signal), 'cluster.join')
  const close = async (): Promise<void> => {
    joining.abort()
    divergence.stop()
    clearInterval(timer)
    membership.close()
    await images.close()
    await credentials.close()
    region.beginStop()
    await region.transferLeadership(null)
    racks.close()
    await parts.stop()
    await transport.close()
    await stores.close()
    logger.info('region.stopped')
  }
  const backups = new Backups({ region, clock, version, sliceMs: limits.snapshotSliceMs })
  const { wrong } = divergence
  return { region, node, ...images, backups, membership, removed, wrong, close }
}

async function openCredentials(of: {
  readonly dir: string
  readonly node: NodeFile
  readonly incarnation: number
  readonly platform: Platform
  readonly others: () => readonly PeerAddress[]
}): Promise<NodeCredentials> {
  const { dir: directory, node, platform, others: regions } = of
  const first = await readCredentials(directory, node, of.incarnation)
  return new NodeCredentials({ directory, node, platform, first, regions })
}

function openTransport(of: {
  readonly node: NodeFile
  readonly parts: Assembly
  readonly handlers: PeerHandlers
  readonly platform: Platform
  readonly current: () => Credentials
}): Promise<RunningTransport> {
  const { node, parts, handlers, platform, current } = of
  return startTransport({
    credentials: current(),
    listen: { host: node.host, port: node.peerPort },
    peers: () => parts.members.addresses(),
    isRemoved: (id) => parts.members.isRemoved(id),
    featureLevel: () => parts.region.local().state.featureLevel,
    handlers,
    ...platform,
  })
}

function othersOf(members: Members, { nodeId }: NodeFile): readonly PeerAddress[] {
  return [...members.addresses().values()].filter(({ id }) => id !== nodeId)
}

function handlersOf(
  options: Omit<EnrollerOptions, 'region'> & {
    readonly parts: Assembly
    readonly racks: RackService
    readonly onRemoved: () => void
  },
): PeerHandlers {
  const { parts, racks, onRemoved } = options
  const { region, onMessage, onConnection, onSnapshot } = parts
  return {
    ...{ onMessage, onConnection, onSnapshot, onRemoved },
    onRack: (link) => racks.onRack(link),
    // What one without a certificate may ask for, and one whose certificate ends.
    onEnroll: makeEnroller({ ...options, region }),
    onJoin: makeJoiner({ ...options, region }),
    onRenew: makeRenewer({ ...options, region }),
  }
}

function startHousekeeping(options: HousekeepingOptions, leases: LeaseMetrics): NodeJS.Timeout {
  const housekeeping = new Housekeeping(options)
  return setInterval(() => {
    housekeeping.onTick()
    leases.onTick(options.region.local().state)
  }, 1_000)
}
