// The inner parts of a region node — core, driver, applier, reads, submission — wired to each other. The doors
// through which the transport reaches them are in `peer-door.ts`.
import type { Platform } from '#platform/system.ts'
import type { RegionLimits } from '#platform/config.ts'
import type { NodeReport } from '#protocol/peer.ts'
import type { MembershipChange } from '#raft/change.ts'
import type { Message } from '#raft/message.ts'
import type { Raft } from '#raft/raft.ts'
import type { ProposeConfigurationResult } from '#raft/reconfigure.ts'
import type { Status as RaftStatus } from '#raft/status.ts'
import type { Configuration, Entry, SnapshotMeta } from '#raft/types.ts'
import type { PeerTransport } from '#transport/links.ts'
import { type Applied, Applier } from './applier.ts'
import type { Disk } from './disk.ts'
import { Driver } from './driver.ts'
import { History } from './history.ts'
import { makeRaft } from './make-raft.ts'
import { Members } from './members.ts'
import type { NodeFile } from './node-file.ts'
import type { Stores } from './open-stores.ts'
import { makeReport } from './own-report.ts'
import { Pace } from './pace.ts'
import { PeerDoor } from './peer-door.ts'
import { Reads } from './reads.ts'
import type { Rejoin } from './rejoin.ts'
import { wireRejoin } from './wire-rejoin.ts'
import { wireSpaceWatch, wireStateWatch } from './wire-watches.ts'
import { RegionNode } from './region-node.ts'
import { readSnapshot } from './snapshots.ts'
import { Snapshotter } from './snapshotter.ts'
import type { StateHash } from './state-hash.ts'
import type { SpaceWatch } from './space-watch.ts'
import type { StateWatch } from './state-watch.ts'
import { Status } from './status.ts'
import { Submit } from './submit.ts'
import { AppliedWaiters } from './waiters.ts'

export type AssembleOptions = {
  readonly node: NodeFile
  readonly incarnation: number
  readonly stores: Stores
  /** Absent: the stores are believed as they are (they are a test's own). */
  readonly disk?: Disk
  readonly limits: RegionLimits
  readonly platform: Platform
  /** Absent: nobody has certificates here. */
  readonly certificateExpiresMs?: () => number
  readonly onFailure: (what: string, error: unknown) => never
  /** This node's state is wrong: nothing may be served from it any more. `recorded`: its next start knows. */
  readonly onDiverged?: (recorded: Promise<void>) => void
}

export class Assembly {
  readonly region: RegionNode
  readonly members: Members
  readonly #options: AssembleOptions
  readonly #raft: Raft
  readonly #driver: Driver
  readonly #applier: Applier
  readonly #waiters: AppliedWaiters
  readonly #submit: Submit
  readonly #reads: Reads
  readonly #snapshotter: Snapshotter
  readonly #status: Status
  readonly #history: History
  readonly #rejoin: Rejoin | null
  readonly #stateWatch: StateWatch
  readonly #spaceWatch: SpaceWatch | null
  readonly #door: PeerDoor
  #transport: PeerTransport | null = null
  #leader: string | null = null
  #leaderSeenMs: number
  #timers: (() => void)[] = []
  #lastTerm = 0

  constructor(options: AssembleOptions) {
    this.#options = options
    const { node, stores, limits, platform, incarnation, onFailure } = options
    const { clock, scheduler, logger, metrics } = platform
    this.#leaderSeenMs = clock.monotonicMs()
    this.#raft = makeRaft(options)
    this.members = new Members(node.peers, () => this.#applier.state)
    this.#waiters = new AppliedWaiters(stores.state.revision)
    this.#history = new History({
      batchesMax: limits.historyBatches,
      startsAfter: stores.state.revision,
    })
    this.#applier = new Applier({
      state: stores.state,
      store: stores.rows,
      history: this.#history,
      ...{ clock, scheduler, logger, metrics, onFailure },
      onApplied: (applied: Applied) => this.#submit.onApplied(applied),
      limits,
      onHash: (hash) => this.#stateWatch.onHash(hash),
      configuration: () => this.#raft.status().configuration,
    })
    this.#driver = this.#makeDriver()
    this.#submit = this.#makeSubmit()
    this.#reads = new Reads({
      ask: (id) => this.#driver.input((raft) => raft.readIndex(id)),
      ...{ clock, limits },
    })
    this.#snapshotter = new Snapshotter({
      log: stores.log,
      files: stores.snapshots,
      ...{ clock, scheduler, limits, logger, onFailure },
      send: async (to, offer, chunks) => this.#transport?.sendSnapshot(to, offer, chunks),
      onSent: (to, ok) => this.#driver.input((raft) => raft.reportSnapshot(to, ok)),
    })
    this.#status = this.#makeStatus()
    this.#rejoin = options.disk === undefined ? null : this.#makeRejoin(options.disk)
    this.region = new RegionNode({
      nodeId: node.nodeId,
      clusterId: node.clusterId,
      ...{ incarnation, clock, scheduler, logger, limits },
      raft: this.#raft,
      driver: this.#driver,
      applier: this.#applier,
      history: this.#history,
      submit: this.#submit,
      reads: this.#reads,
      waiters: this.#waiters,
      status: this.#status,
      hasRoom: () => this.#spaceWatch?.hasRoom ?? true,
      leaderSeenMs: () => this.#leaderSeenMs,
    })
    const watched = { nodeId: node.nodeId, platform, raft: this.#raft }
    this.#stateWatch = wireStateWatch({
      ...{ ...watched, region: this.region, rejoin: this.#rejoin, onFailure },
      onDiverged: options.onDiverged ?? (() => {}),
    })
    const space = options.disk?.space
    const wired = { ...watched, limits, driver: this.#driver, status: this.#status }
    const onChange = (): void => this.#report()
    this.#spaceWatch = space === undefined ? null : wireSpaceWatch({ ...wired, space, onChange })
    this.#door = new PeerDoor({
      ...{ nodeId: node.nodeId, platform, snapshots: stores.snapshots },
      ...{ driver: this.#driver, submit: this.#submit, status: this.#status },
      ...{ rejoin: this.#rejoin, stateWatch: this.#stateWatch, spaceWatch: this.#spaceWatch },
      report: onChange,
    })
  }

  /** Newest last. */
  get stateHashes(): readonly StateHash[] {
    return this.#stateWatch.hashes
  }

  connect(transport: PeerTransport): void {
    this.#transport = transport
  }

  start(): void {
    const { limits } = this.#options
    if (this.#rejoin === null) this.#driver.start()
    else this.#rejoin.start()
    this.#spaceWatch?.start()
    const { clock, scheduler } = this.#options.platform
    const onTick = (): void => {
      this.#waiters.expire(clock.monotonicMs())
      this.#submit.onTick()
      this.#reads.onTick()
    }
    this.#timers = [
      scheduler.every(limits.tickMs, onTick),
      scheduler.every(limits.reportMs, () => this.#report()),
    ]
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel()
    this.#submit.stop()
    await this.#rejoin?.stop()
    await this.#spaceWatch?.stop()
    await this.#driver.stop()
    await this.#snapshotter.stop()
    await this.#applier.flush()
  }

  /** The core's own door; whether it was accepted shows when it is committed. */
  proposeConfiguration(configuration: Configuration): void {
    this.#driver.input((raft) => void raft.proposeConfiguration(configuration))
  }

  raftStatus(): RaftStatus {
    return this.#raft.status()
  }

  changeMembership(
    change: MembershipChange,
    done: (result: ProposeConfigurationResult) => void,
  ): void {
    this.#driver.input((raft) => done(raft.changeMembership(change)))
  }

  /** Lossy: whether it happened is seen in the status. */
  askTransfer(leader: string, to: string | null): void {
    if (leader === this.#options.node.nodeId) {
      this.#driver.input((raft) => raft.transferLeadership(to))
    } else {
      this.#transport?.send(leader, { type: 'transfer', to })
    }
  }

  /** Doors of the transport. */
  get onMessage(): PeerDoor['onMessage'] {
    return this.#door.onMessage
  }

  get onConnection(): PeerDoor['onConnection'] {
    return this.#door.onConnection
  }

  get onSnapshot(): PeerDoor['onSnapshot'] {
    return this.#door.onSnapshot
  }

  #makeDriver(): Driver {
    const { stores, limits, platform, onFailure } = this.#options
    const { clock, scheduler, logger, metrics } = platform
    return new Driver({
      raft: this.#raft,
      store: stores.log,
      hooks: {
        send: (message) => this.#send(message),
        flush: () => this.#transport?.flush(),
        sendSnapshot: (message) => this.#snapshotter.send(message),
        apply: (entries) => this.#apply(entries),
        restore: (meta) => this.#restore(meta),
        onReads: (reads) => this.#reads.onReads(reads),
        onStatus: () => this.#onStatus(),
        onFailure,
      },
      ...{ clock, scheduler, logger, metrics },
      tickMs: limits.tickMs,
      electionTicks: limits.electionTicksMin,
    })
  }

  #makeSubmit(): Submit {
    const { node, limits, platform } = this.#options
    const { clock, scheduler } = platform
    return new Submit({
      nodeId: node.nodeId,
      ...{ clock, scheduler, limits },
      leader: () => this.#leader,
      waiting: () => this.#driver.waiting,
      propose: (data, done) => this.#driver.propose(data, done),
      wantCommit: (peer, index) => this.#raft.wantCommit(peer, index),
      send: (to, message) => this.#transport?.send(to, message) ?? false,
    })
  }

  #makeStatus(): Status {
    const { node, platform } = this.#options
    const { clock } = platform
    return new Status({
      clusterId: node.clusterId,
      nodeId: node.nodeId,
      clock,
      raft: this.#raft,
      voters: () => this.#raft.status().configuration.voters,
      addresses: () => this.members.addresses(),
      ownReport: () => this.#ownReport(),
      isConnected: (peer) => this.#transport?.isConnected(peer) ?? false,
    })
  }

  #makeRejoin(disk: Disk): Rejoin {
    const { node, platform, limits, onFailure } = this.#options
    return wireRejoin({
      ...{ disk, node, limits, platform, onFailure },
      ...{ raft: this.#raft, driver: this.#driver, reads: this.#reads, waiters: this.#waiters },
      send: (to, message) => this.#transport?.send(to, message) ?? false,
      onChange: () => this.#report(),
    })
  }

  #send(message: Message): boolean {
    this.#rejoin?.introduce(message.to)
    return this.#transport?.send(message.to, { type: 'raft', message }) ?? false
  }

  #apply(entries: readonly Entry[]): void {
    this.#applier.apply(entries)
    const last = entries.at(-1)
    if (last === undefined) return
    this.#waiters.advance(last.index)
    const { configuration } = this.#raft.status()
    this.#snapshotter.onApplied(this.#applier.state, { term: last.term, configuration })
  }

  async #restore(meta: SnapshotMeta): Promise<void> {
    const { stores, platform, limits } = this.#options
    const pace = new Pace(platform.clock, limits.snapshotSliceMs, platform.scheduler)
    const state = await readSnapshot(stores.snapshots, meta, pace)
    await this.#applier.replace(state, () => stores.rewriteRows(state, meta.configuration))
    this.#snapshotter.forget()
    this.#stateWatch.forget()
    this.#waiters.advance(meta.lastIncludedIndex)
    platform.logger.info('raft.snapshot_restored', { index: meta.lastIncludedIndex })
  }

  /** After each turn: who leads now, and since when nobody does. */
  #onStatus(): void {
    const { clock, logger, metrics } = this.#options.platform
    const { leader, term } = this.#raft
    if (leader !== null) this.#leaderSeenMs = clock.monotonicMs()
    if (leader === this.#leader && term === this.#lastTerm) return
    const { role, commitIndex, lastApplied } = this.#raft.status()
    this.#leader = leader
    this.#lastTerm = term
    logger.info('raft.leader_changed', { leader, term, role, commit: commitIndex })
    metrics.gauge('ironraft_raft_term', term)
    metrics.gauge('ironraft_raft_has_leader', leader === null ? 0 : 1)
    metrics.gauge('ironraft_raft_applied_index', lastApplied)
    this.#submit.onLeader(leader)
    if (leader !== null) this.#reads.onLeader()
  }

  #ownReport(): NodeReport {
    const { node, certificateExpiresMs: expires } = this.#options
    const { condition, position } = this.#rejoin ?? {}
    return makeReport({
      ...{ node, condition, position, hashes: this.#stateWatch.hashes, expires },
      alarm: this.#spaceWatch?.alarm,
      ...{ status: this.#raft.status(), fsyncP99Ms: this.#driver.fsyncP99Ms() },
    })
  }

  #report(): void {
    const { node, platform } = this.#options
    const report = this.#ownReport()
    platform.metrics.gauge('ironraft_raft_commit_index', report.commit)
    for (const id of this.members.addresses().keys()) {
      if (id !== node.nodeId) this.#transport?.send(id, { type: 'report', report })
    }
  }
}

export function assemble(options: AssembleOptions): Assembly {
  return new Assembly(options)
}
