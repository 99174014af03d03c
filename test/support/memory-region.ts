// The Region port in one process, on the real `apply`: no disk, no Raft. Every command is a log entry
// that commits at once. Failures are injected by name.
import { apply } from '#state/apply.ts'
import type { Command, CommandOf, Envelope } from '#state/command.ts'
import type { ChangeBatch, OutcomeOf } from '#state/outcome.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { AppError, type ErrorCode } from '#model/errors.ts'
import type { Clock } from '#model/ports.ts'
import type {
  Committed,
  Consistency,
  ProposeOptions,
  Region,
  RegionStatus,
  View,
  WatchEvents,
} from '#node/region.ts'

const SESSION = 'memory.1'
const SYSTEM = {
  kind: 'system',
  userId: null,
  username: '',
  remoteAddress: '',
  requestId: '',
} as const

type Watcher = { after: number; readonly events: WatchEvents }

export class MemoryRegion implements Region {
  readonly nodeId = 'region-1'
  readonly clusterId = 'memory'
  readonly #clock: Clock
  readonly #state: RegionState = emptyState()
  readonly #watchers = new Set<Watcher>()
  #history: ChangeBatch[] = []
  #sequence = 0
  #failure: ErrorCode | null = null
  #loseAnswers = 0
  #compactedTo = 0
  /** Commands that reached the log, refused ones included. */
  readonly proposed: Command[] = []
  reads = 0
  #status: Partial<RegionStatus> = {}

  constructor(clock: Clock, admin?: CommandOf<'cluster.initialise'>) {
    this.#clock = clock
    if (admin !== undefined) this.#append(null, admin)
    this.#append(null, { type: 'session.open', id: SESSION, nodeId: this.nodeId, incarnation: 1 })
  }

  /** Every `propose` and linearizable `read` throws `code` until null is given. */
  failWith(code: ErrorCode | null): void {
    this.#failure = code
  }

  /** The next `count` proposals are applied, but their answers are lost (NO_QUORUM). */
  loseAnswers(count: number): void {
    this.#loseAnswers = count
  }

  /** Forgets the retained batches; watchers from before are refused COMPACTED. */
  compact(): void {
    this.#history = []
    this.#compactedTo = this.#state.revision
  }

  /** As after an installed snapshot. */
  jump(): void {
    for (const { events } of [...this.#watchers]) events.onReset(this.#state.revision)
  }

  setStatus(status: Partial<RegionStatus>): void {
    this.#status = status
  }

  async propose<C extends Command>(command: C, options: ProposeOptions): Promise<Committed<C>> {
    this.#check()
    const { actor, idempotency = null } = options
    const sequence = ++this.#sequence
    const request = { session: SESSION, sequence, answeredBelow: sequence }
    const result = this.#append(request, command, { actor, idempotency })
    if (this.#loseAnswers > 0) {
      this.#loseAnswers--
      throw new AppError('NO_QUORUM', 'No leader confirmed the change in time.')
    }
    return { outcome: result.outcome as OutcomeOf<C>, revision: result.revision }
  }

  async read(consistency: Consistency): Promise<View> {
    this.reads++
    if (consistency === 'linearizable') this.#check()
    return { ...this.local(), stalenessMs: consistency === 'stale' ? 7 : 0 }
  }

  local(): View {
    return { state: this.#state, revision: this.#state.revision, stalenessMs: 7 }
  }

  watch(after: number, events: WatchEvents): () => void {
    if (after < this.#compactedTo) {
      throw new AppError('COMPACTED', `Revision ${after} is no longer retained.`)
    }
    const watcher = { after, events }
    this.#watchers.add(watcher)
    for (const batch of [...this.#history]) this.#deliver(watcher, batch)
    return () => void this.#watchers.delete(watcher)
  }

  status(): RegionStatus {
    return {
      clusterId: this.clusterId,
      nodeId: this.nodeId,
      leader: this.nodeId,
      term: 1,
      healthy: true,
      members: [
        {
          id: this.nodeId,
          role: 'leader',
          voter: true,
          applied: this.#state.revision,
          commit: this.#state.revision,
          lag: 0,
          reachable: true,
          fsyncP99Ms: 1.5,
          apiUrl: 'http://127.0.0.1:5240',
          peerAddress: '127.0.0.1:5250',
          pid: 1,
          ...{ condition: 'ok', reason: null, alarm: 'none' },
        },
      ],
      ...this.#status,
    }
  }

  async transferLeadership(): Promise<void> {}

  #check(): void {
    if (this.#failure === null) return
    throw new AppError(this.#failure, 'No leader could confirm it in time.')
  }

  #append(
    request: Envelope['request'],
    command: Command,
    from: Pick<Envelope, 'actor' | 'idempotency'> = { actor: SYSTEM, idempotency: null },
  ) {
    this.proposed.push(command)
    const wall = this.#clock.wallMs()
    const index = this.#state.revision + 1
    const envelope: Envelope = { version: 1, request, wall, command, ...from }
    const stamp = Math.max(this.#state.stamp, Math.floor(this.#clock.monotonicMs()))
    const result = apply(this.#state, envelope, { index, stamp })
    const batch = { revision: index, stamp, wall, changes: result.changes }
    this.#history.push(batch)
    for (const watcher of [...this.#watchers]) this.#deliver(watcher, batch)
    return result
  }

  #deliver(watcher: Watcher, batch: ChangeBatch): void {
    if (batch.revision <= watcher.after || !this.#watchers.has(watcher)) return
    watcher.after = batch.revision
    watcher.events.onBatch(batch)
  }
}
