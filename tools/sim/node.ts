// One region node of the simulated world: the product's own assembly over a simulated disk, clock, event loop
// and network. It can be started, killed and started again; what survives is what its disk holds.
import { AppError } from '#model/errors.ts'
import type { SystemId } from '#model/ids.ts'
import type { Logger } from '#model/ports.ts'
import { type Assembly, assemble } from '#node/assemble.ts'
import { Housekeeping } from '#node/housekeeping.ts'
import type { NodeFile } from '#node/node-file.ts'
import { type Disk, openDiskOver } from '#node/disk.ts'
import { MembershipDuty } from '#node/membership-duty.ts'
import { loadStores, type Stores } from '#node/open-stores.ts'
import { Pace } from '#node/pace.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import type { RegionLimits } from '#platform/config.ts'
import type { MetricsRegistry } from '#platform/metrics.ts'
import type { HardState, LogReader } from '#raft/types.ts'
import type { CommandOf } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import type { DurableLogStore } from '#storage/durable-log-store.ts'
import type { LogStore, LogWrite } from '#storage/log-store.ts'
import type { PeerTransport } from '#transport/links.ts'
import type { Watched } from './checker.ts'
import { NodeDisk } from './disk/node-disk.ts'
import type { SimulatedDisk } from './disk/simulated-disk.ts'
import { Host } from './host.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Timeline } from './timeline.ts'

export type NodeEvents = {
  /** After each task of the node: it may have applied something. */
  readonly onTask: (node: SimNode) => void
  readonly onSave: (node: SimNode, write: LogWrite) => void
  readonly onSaved: (node: SimNode, write: LogWrite) => void
  readonly onOpened: (node: SimNode) => void
  /** The product stopped itself. */
  readonly onFailure: (node: SimNode, what: string, error: unknown) => void
  /** It found that its state is not the others'. */
  readonly onDiverged: (node: SimNode) => void
  /** It found that it is no member any more. */
  readonly transport: (node: SimNode) => PeerTransport
}

export type SimNodeOptions = {
  readonly id: string
  /** `node.json` of a node of the bootstrap; of one that joins it comes with its certificate. */
  readonly file: NodeFile
  readonly index: number
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly limits: RegionLimits
  readonly initialise: CommandOf<'cluster.initialise'>
  readonly events: NodeEvents
}

/** `opening`: it reads its disk, which takes time. `lost`: its disk is damaged and it refuses to start. */
export type NodePhase = 'down' | 'opening' | 'up' | 'lost'

const NOTHING: HardState = { currentTerm: 0, votedFor: null, commitIndex: 0 }
const SYNC_MIN_US = 150
const SYNC_SPREAD_US = 1_500

const silent = (): void => {}
const LOGGER: Logger = {
  ...{ debug: silent, info: silent, warn: silent, error: silent },
  with: () => LOGGER,
}
const METRICS: MetricsRegistry = {
  ...{ count: silent, gauge: silent, observe: silent },
  expose: () => Promise.resolve({ contentType: '', text: '' }),
}

export class SimNode implements Watched {
  readonly id: string
  readonly index: number
  readonly host: Host
  readonly data: NodeDisk
  /** Its addresses and those of the others, as its directory has them. */
  file: NodeFile
  readonly #options: SimNodeOptions
  #assembly: Assembly | null = null
  #state: RegionState | null = null
  /** A snapshot was written: the state is about to be replaced, or has been. */
  #mayRestore = false
  #incarnation = 0
  #ownTasks = 0
  phase: NodePhase = 'down'
  reader: LogReader | null = null
  lostReader: LogReader | null = null
  /** No member any more; it is not started again. */
  isRemoved = false
  hardState: HardState = NOTHING
  /** Added to every sync while the disk is slow. */
  syncDelayUs = 0
  /** What the world has looked at: the state object and the revision seen of it. */
  seen: { state: RegionState | null; revision: number } = { state: null, revision: 0 }

  constructor(options: SimNodeOptions) {
    this.#options = options
    this.id = options.id
    this.file = options.file
    this.index = options.index
    const { timeline, random, events } = options
    const startMs = 1_000 + random.integer(1_000_000)
    this.host = new Host(timeline, { startMs, afterTask: () => events.onTask(this) })
    const sync = (): Promise<void> => this.#sync()
    const onUse = (): void => {
      timeline.dirty = true
    }
    const cacheBytesMax = random.pick([0, 2_000, 1 << 20])
    this.data = new NodeDisk({ sync, onUse, cacheBytesMax })
  }

  /** Of the log. */
  get disk(): SimulatedDisk {
    return this.data.log
  }

  get assembly(): Assembly {
    if (this.#assembly === null) throw new Error(`${this.id} is down`)
    return this.#assembly
  }

  get resumedUs(): number {
    return this.host.resumedUs
  }

  get isUp(): boolean {
    return this.phase === 'up'
  }

  /** It does something for itself that waits on promises. */
  get isBusy(): boolean {
    return this.#ownTasks > 0 || this.data.hasLoss
  }

  /** Null while it is down. Asked for after every event, so the port is asked only when it may have changed. */
  get state(): RegionState | null {
    if (this.#assembly === null) return null
    if (this.#state === null || this.#mayRestore) this.#state = this.#assembly.region.local().state
    return this.#state
  }

  /** False when what its disk holds may not be started from. */
  async start(): Promise<boolean> {
    const { events, timeline } = this.#options
    timeline.dirty = true
    this.phase = 'opening'
    const { file: node, host } = this
    const incarnation = this.data.nextIncarnation(host.clock.wallMs())
    this.#incarnation = incarnation
    try {
      const files = this.data.files(() => this.#openStores())
      const disk = await openDiskOver(files, { node, incarnation })
      events.onOpened(this)
      this.#assembly = this.#assemble(disk)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // A full disk stops a start too; whoever frees it starts the node again.
      if (error.code === 'STORAGE_FAILED') this.phase = 'down'
      else if (error.code === 'STORAGE_DAMAGED') this.phase = 'lost'
      else throw error
      return false
    }
    this.phase = 'up'
    this.#assembly.connect(events.transport(this))
    this.#assembly.start()
    this.#startDuties()
    return true
  }

  /** kill -9: what was written stays, of the write under way perhaps only the beginning. */
  kill(writtenBytes?: number): void {
    this.#die()
    this.data.killProcess(writtenBytes)
  }

  /** Of what was not synced, `unsyncedBytes` happen to be on the platter. */
  losePower(unsyncedBytes: number): void {
    this.#die()
    this.data.losePower(unsyncedBytes)
    this.host.reboot(1_000 + this.#options.random.integer(1_000_000))
  }

  /** Its disk is not what it was: `how` changes it behind the back of a node that is down. */
  damage(how: () => void): void {
    this.lostReader = this.reader
    how()
  }

  #die(): void {
    this.phase = 'down'
    this.#assembly = null
    this.#state = null
    this.#mayRestore = false
    this.#ownTasks = 0
    this.host.kill()
    this.seen = { state: null, revision: 0 }
  }

  async #openStores(): Promise<Stores> {
    const { file: node, data } = this
    const log = await data.log.open()
    const watched = this.#watch(log)
    this.reader = log.reader
    this.hardState = log.hardState()
    const snapshots = data.snapshots.open(() => log.reader.snapshot().lastIncludedIndex)
    const { clock } = this.host
    const pace = new Pace(clock, Infinity)
    const rows = data.rows.open()
    const { position } = log
    return await loadStores({ log: watched, position, rows, snapshots, node, pace })
  }

  #watch(log: DurableLogStore): LogStore {
    const { events, timeline } = this.#options
    const { life } = this.host
    return {
      hardState: log.hardState,
      reader: log.reader,
      sizeBytes: log.sizeBytes,
      close: log.close,
      compact: log.compact,
      save: async (write) => {
        if (write.snapshot !== null) this.#mayRestore = true
        events.onSave(this, write)
        timeline.dirty = true
        await log.save(write)
        if (life !== this.host.life) return
        if (write.hardState !== null) this.hardState = write.hardState
        events.onSaved(this, write)
      },
    }
  }

  #assemble(disk: Disk): Assembly {
    const { limits, random, events } = this.#options
    const { life } = this.host
    const { stores } = disk
    this.seen = { state: stores.state, revision: stores.state.revision }
    return assemble({
      node: this.file,
      incarnation: this.#incarnation,
      ...{ stores, disk, limits },
      platform: {
        ...{ clock: this.host.clock, scheduler: this.host.scheduler() },
        random: { integer: random.integer, bytes: random.bytes },
        ...{ logger: LOGGER, metrics: METRICS },
      },
      onFailure: (what, error) => {
        if (life === this.host.life) events.onFailure(this, what, error)
        // The process is dead: nothing of it runs any more, so there is nothing to throw to.
        return undefined as never
      },
      onDiverged: () => events.onDiverged(this),
    })
  }

  /** What `startRegion` does besides: join, membership, and housekeeping every second. */
  #startDuties(): void {
    const { limits, initialise, timeline } = this.#options
    const { region } = this.assembly
    const { clock } = this.host
    const scheduler = this.host.scheduler()
    const background = (task: Promise<unknown>): void => {
      const { life } = this.host
      this.#ownTasks++
      const end = (): void => {
        if (life === this.host.life) this.#ownTasks--
      }
      task.then(end, end)
    }
    const housekeeping = new Housekeeping({
      ...{ region, limits, clock, background },
      connectedRacks: () => [],
    })
    scheduler.every(1_000, () => {
      timeline.dirty = true
      housekeeping.onTick()
    })
    const { assembly } = this
    const membership = new MembershipDuty({
      ...{ region, limits, background, logger: LOGGER },
      raftStatus: () => assembly.raftStatus(),
      change: (wish, done) => assembly.changeMembership(wish, done),
      monotonicMs: clock.monotonicMs,
    })
    scheduler.every(limits.membershipMs, () => membership.onTick())
    const address = this.file.peers.find(({ id }) => id === this.id)
    const join = (): void => {
      const joined = async (): Promise<void> => {
        const isFirst = this.data.isNew && this.file.firstVoters.includes(this.id)
        if (isFirst && region.local().state.clusterId === '') {
          await region.initialise(initialise)
        }
        await region.openSession(this.#incarnation)
        this.data.noteJoined()
        const { host = '', port = 0, apiUrl = '' } = address ?? {}
        const command = { type: 'member.register', id: this.id as SystemId, host, port, apiUrl }
        await region.propose(command as CommandOf<'member.register'>, { actor: SYSTEM_ACTOR })
      }
      background(joined().catch(() => void scheduler.after(200, join)))
    }
    scheduler.after(1, join)
  }

  #sync(): Promise<void> {
    const { timeline, random } = this.#options
    const delayUs = SYNC_MIN_US + random.integer(SYNC_SPREAD_US) + this.syncDelayUs
    const { life } = this.host
    return new Promise((resolve) => {
      timeline.in(delayUs, () => {
        // The process died meanwhile: nobody waits, and the write counts as not done.
        if (life !== this.host.life) return
        timeline.dirty = true
        this.host.run(resolve)
      })
    })
  }
}
