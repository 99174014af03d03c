// Keeps this rack able to serve without a region (lease-protocol §4): gets a tenure and beats for it, keeps a
// reserve of the right size, journals what is bound from it, replays that later. Owns the ledger; the pure
// rules are `dhcp/rights.ts`. Nothing here is needed for safety but the order of its steps.
import type { SystemId, VlanId } from '#model/ids.ts'
import type { Reserve } from '#model/network.ts'
import type { Clock, Logger, Metrics, Random } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { BootClockWatch, type BootTime } from './boot-time.ts'
import type { BoundRecord, JournalRecord, Ledger, ReserveEntry } from './dhcp/ledger.ts'
import { ReserveDemand, surplusOf } from './dhcp/reserve-size.ts'
import { type RightsContext, tenureRemainingMs } from './dhcp/rights.ts'
import type { OfflineRights } from './dhcp/responder.ts'
import { windowSize } from './dhcp/window.ts'
import type { ViewIndex } from './dhcp/view-index.ts'

/** Between two beats, ± a fifth, so that racks do not beat together. */
const BEAT_MS = 15_000
/** After a hello or beat that nobody answered. */
const RETRY_MS = 2_000
/** Between looks at the sizes of reserves. */
const SIZE_MS = 1_000
const REPLAYS_AT_ONCE = 16
const RETURNS_AT_ONCE = 256

/** The durable half; one writer. */
export interface RightsJournal {
  /** Resolves when these records and all before them are synced. Rejects once, then always. */
  readonly append: (records: readonly JournalRecord[]) => Promise<void>
  /** Number of records ever written; goes back only when an older disk was put in. */
  readonly sequence: number
}

export type EnduranceOptions = {
  readonly rackId: SystemId
  readonly incarnation: number
  readonly ledger: Ledger
  readonly journal: RightsJournal
  readonly index: ViewIndex
  readonly bootTime: BootTime
  readonly isConnected: () => boolean
  /** Sent once; resolves `ok: false` when nothing is known. */
  readonly request: (command: RackCommand) => Promise<RackToRegionReply>
  readonly clock: Clock
  readonly random: Pick<Random, 'integer'>
  readonly logger: Logger
  readonly metrics: Metrics
}

type Adoption = Extract<JournalRecord, { type: 'tenure' }>

export class Endurance implements OfflineRights {
  readonly #options: EnduranceOptions
  readonly #watch: BootClockWatch
  readonly #demand = new ReserveDemand()
  #failed = false
  /** Waits for a view as new as itself. */
  #adoption: Adoption | undefined
  #nextBeatMs = 0
  #nextSizeMs = 0
  #isBeating = false
  #isSizing = false
  #isTelling = false
  readonly #replaying = new Set<ReserveEntry['ip']>()
  #clusterId: string | undefined

  constructor(options: EnduranceOptions) {
    this.#options = options
    this.#watch = new BootClockWatch(options.bootTime)
    const newest = options.ledger.tenures.at(-1)
    if (newest !== undefined) this.#clusterId = newest.clusterId
    if (newest !== undefined && !this.#watch.agreesWith(newest)) this.#void('clock')
  }

  isConnected = (): boolean => this.#options.isConnected()

  context = (): RightsContext | undefined => {
    if (this.#failed) return undefined
    const nowMs = this.#readClock()
    const { ledger, index } = this.#options
    return { ledger, index, nowMs }
  }

  bind = (record: BoundRecord): Promise<void> => this.#write([record])

  decline = ({ ip, client }: Extract<RackCommand, { type: 'lease.decline' }>): void => {
    const entry = this.#options.ledger.reserves.get(ip)
    if (entry?.bound?.client !== client) return
    this.#note({ type: 'declined', ip, generation: entry.generation })
  }

  release = ({ ip, client }: Extract<RackCommand, { type: 'lease.release' }>): void =>
    this.#note({ type: 'released', ip, client })

  onNewClient = (): void => this.#demand.note(this.#options.clock.monotonicMs())

  /** A few times a second. */
  tick(): void {
    const { isConnected, clock } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#failed) return
    this.#readClock()
    this.#followCluster()
    this.#adopt()
    if (!isConnected()) return
    this.#replay()
    this.#tellRelease()
    if (nowMs >= this.#nextBeatMs && !this.#isBeating) void this.#beat(nowMs)
    if (nowMs >= this.#nextSizeMs && !this.#isSizing) void this.#size(nowMs)
  }

  measure(): void {
    const { metrics, ledger, index, isConnected } = this.#options
    const context = this.context()
    const left = context === undefined ? 0 : Math.max(0, tenureRemainingMs(context))
    metrics.gauge('ironraft_rack_tenure_remaining_seconds', left / 1000)
    metrics.gauge('ironraft_rack_tenure_epoch', ledger.epoch ?? 0)
    metrics.gauge('ironraft_rack_offline', isConnected() ? 0 : 1)
    metrics.gauge('ironraft_rack_offline_rights', left > 0 ? 1 : 0)
    metrics.gauge('ironraft_rack_window_addresses', windowSize(index))
    const entries = [...ledger.reserves.values()]
    const count = (state: string, is: (entry: ReserveEntry) => boolean): void =>
      metrics.gauge('ironraft_rack_reserve_addresses', entries.filter(is).length, { state })
    count('unused', ({ status, bound }) => status === 'usable' && bound === null)
    count('bound', ({ status, bound }) => status === 'usable' && bound !== null)
    count('returning', ({ status }) => status === 'returning')
    const unreplayed = entries.filter(({ bound }) => bound?.isReplayed === false).length
    metrics.gauge('ironraft_rack_journal_unreplayed', unreplayed)
  }

  /** Looks for signs that the clock had stopped before anything is promised by it (A3). */
  #readClock(): number {
    const { nowMs, isSound } = this.#watch.read()
    if (!isSound && this.#options.ledger.tenures.length > 0) this.#void('clock')
    return nowMs
  }

  /** Epochs and generations mean nothing in another cluster, whose log counts anew. */
  #followCluster(): void {
    const clusterId = this.#options.index.view.settings()?.clusterId
    if (clusterId === undefined || clusterId === this.#clusterId) return
    if (this.#clusterId !== undefined) {
      this.#adoption = undefined
      this.#note({ type: 'left' })
      this.#countVoid('cluster')
    }
    this.#clusterId = clusterId
  }

  async #beat(nowMs: number): Promise<void> {
    const { rackId, incarnation, ledger, journal, request } = this.#options
    const { epoch } = ledger
    // Without a view nobody can tell which cluster's tenure it would be, and its answer would be lost.
    if (this.#clusterId === undefined) return
    // A dead epoch's binds are told first: its hello would drop them.
    if (epoch === undefined && this.#unreplayed().length > 0) return
    this.#isBeating = true
    this.#nextBeatMs = nowMs + RETRY_MS
    const clusterId = this.#clusterId
    const { sequence: journalSequence } = journal
    const sentAtMs = this.#readClock()
    const sentAtWallMs = this.#options.bootTime.wallMs()
    const era = this.#watch.era
    const reply = await request(
      epoch === undefined
        ? { type: 'tenure.hello', rackId, incarnation, journalSequence }
        : { type: 'tenure.beat', rackId, epoch, journalSequence },
    )
    this.#isBeating = false
    if (!reply.ok || this.#failed) return
    const { outcome, revision } = reply
    if (!outcome.ok) return this.#onRefused(outcome.code, outcome.retryAfterMs, nowMs)
    const { value } = outcome
    if (value === null || !('stamp' in value)) return
    // What was sent before the clock was found wrong counts from a time that means nothing.
    if (era !== this.#watch.era || clusterId !== this.#clusterId) return
    this.#nextBeatMs = nowMs + BEAT_MS - BEAT_MS / 5 + this.#options.random.integer(BEAT_MS / 2.5)
    const { stamp } = value
    const at = { sentAtMs, sentAtWallMs, stamp, revision, clusterId }
    this.#adoption = { type: 'tenure', epoch: value.epoch, ...at }
    this.#adopt()
  }

  /** Lapsed (CONFLICT): only a hello helps. RACK_REFUSED: an earlier tenure is live, or a restore. */
  #onRefused(code: string, retryAfterMs: number | undefined, nowMs: number): void {
    if (code === 'CONFLICT' && this.#options.ledger.epoch !== undefined) {
      this.#note({ type: 'lapsed' })
      this.#countVoid('lapsed')
      this.#nextBeatMs = 0
      return
    }
    // NOT_FOUND: this rack is registering itself right now.
    const waitMs = retryAfterMs ?? (code === 'NOT_FOUND' ? RETRY_MS : BEAT_MS)
    this.#nextBeatMs = nowMs + Math.min(waitMs, 4 * BEAT_MS)
    this.#options.logger.info('rack.tenure_refused', {
      error_code: code,
      retry_after_ms: retryAfterMs,
    })
  }

  /** With an older view the rack could serve a reservation deleted before the beat (§4). */
  #adopt(): void {
    const adoption = this.#adoption
    if (adoption === undefined || this.#options.index.view.revision < adoption.revision) return
    this.#adoption = undefined
    const { epoch } = adoption
    if (epoch !== this.#options.ledger.epoch) {
      this.#options.logger.info('rack.tenure_begun', { epoch })
    }
    this.#note(adoption)
  }

  #unreplayed(): readonly ReserveEntry[] {
    const entries = [...this.#options.ledger.reserves.values()]
    return entries.filter(({ bound }) => bound?.isReplayed === false)
  }

  #replay(): void {
    for (const entry of this.#unreplayed()) {
      if (this.#replaying.size >= REPLAYS_AT_ONCE) return
      if (this.#replaying.has(entry.ip)) continue
      this.#replaying.add(entry.ip)
      void this.#replayOne(entry).finally(() => this.#replaying.delete(entry.ip))
    }
  }

  async #replayOne({ ip, generation, epoch, bound, isDeclined }: ReserveEntry): Promise<void> {
    if (bound === null) return
    const { rackId, request, metrics, logger } = this.#options
    const { client, mac, hostname, leaseSeconds } = bound
    // Synced first: the region would hold for this client what a restarted rack gives to another.
    const isSynced = await this.#write([]).then(
      () => true,
      () => false,
    )
    if (!isSynced) return
    const reply = await request({
      ...{ type: 'reserve.replay', rackId, epoch, ip, generation },
      ...{ client, mac, leaseSeconds, hostname },
    })
    if (!reply.ok || !reply.outcome.ok) return
    const { value } = reply.outcome
    const result = value !== null && 'result' in value ? value.result : 'late'
    metrics.count('ironraft_rack_replays_total', { result })
    if (result === 'conflict') logger.error('rack.replay_conflict', { mac })
    this.#note({ type: 'replayed', ip, generation, leaseSeconds })
    if (isDeclined) void request({ type: 'lease.decline', client, mac, ip })
    const entry = this.#options.ledger.entry({ ip, generation })
    // Over for good: nothing to return, the region has it back already.
    if (entry?.status === 'ended') this.#note({ type: 'forgotten', reserves: [{ ip, generation }] })
  }

  /** One after the other, and none before the bind it ends was told. */
  #tellRelease(): void {
    const { ledger, request } = this.#options
    if (this.#isTelling) return
    const told = [...ledger.releases].find(
      ([ip]) => ledger.reserves.get(ip)?.bound?.isReplayed !== false,
    )
    if (told === undefined) return
    const [ip, client] = told
    this.#isTelling = true
    void request({ type: 'lease.release', ip, client }).then(({ ok }) => {
      this.#isTelling = false
      if (ok && ledger.releases.get(ip) === client) this.#note({ type: 'releaseTold', ip })
    })
  }

  /** Returns what is too much or belongs to the region by now, then asks for what is missing. */
  async #size(nowMs: number): Promise<void> {
    this.#nextSizeMs = nowMs + SIZE_MS
    this.#isSizing = true
    try {
      await this.#returnSurplus(nowMs)
      await this.#askForMore(nowMs)
    } finally {
      this.#isSizing = false
    }
  }

  async #returnSurplus(nowMs: number): Promise<void> {
    const { ledger, index, rackId, request } = this.#options
    const { epoch } = ledger
    if (epoch === undefined) return
    const target = this.#demand.wanted(nowMs)
    const surplus = surplusOf({ ledger, index, rackId, target })
    if (surplus.length > 0) await this.#write([{ type: 'returned', reserves: surplus }])
    const returning = [...ledger.reserves.values()].filter(({ status }) => status === 'returning')
    const reserves = [...returning, ...this.#strays(epoch)]
      .slice(0, RETURNS_AT_ONCE)
      .map(({ ip, generation }) => ({ ip, generation }))
    if (reserves.length === 0) return
    const reply = await request({ type: 'reserve.return', rackId, epoch, reserves })
    if (reply.ok && reply.outcome.ok) this.#note({ type: 'forgotten', reserves })
  }

  /**
   * Granted, but the answer was lost: nobody would ever use them. Only grants are asked for one at a time,
   * and their late answers are dropped, so what is not in the ledger now never will be.
   */
  #strays(epoch: number): readonly Reserve[] {
    const { ledger, index, rackId } = this.#options
    const own = [...index.view.table('reserves').values()].filter(
      (row) => row.rackId === rackId && row.epoch === epoch,
    )
    return own.filter((row) => ledger.entry(row) === undefined)
  }

  async #askForMore(nowMs: number): Promise<void> {
    const { ledger, index, rackId, request } = this.#options
    const context = this.context()
    if (context === undefined || tenureRemainingMs(context) <= 0) return
    for (const { vlanId, count } of this.#demand.missing({ ledger, index, rackId, nowMs })) {
      const { epoch } = ledger
      if (epoch === undefined) return
      const reply = await request(grantOf(rackId, epoch, vlanId, count))
      if (!reply.ok || ledger.epoch !== epoch) return
      // One VLAN may be refused, a relayed one by a region of before relays, and the others not.
      if (!reply.outcome.ok) continue
      const { value } = reply.outcome
      if (value === null || !('addresses' in value) || value.addresses.length === 0) continue
      const { generation, addresses } = value
      this.#note({ type: 'granted', epoch, generation, addresses })
    }
  }

  #void(reason: 'clock'): void {
    this.#adoption = undefined
    this.#nextBeatMs = 0
    this.#note({ type: 'void' })
    this.#countVoid(reason)
  }

  #countVoid(reason: 'clock' | 'cluster' | 'lapsed' | 'journal'): void {
    this.#options.metrics.count('ironraft_rack_offline_rights_void_total', { reason })
    this.#options.logger.warn('rack.offline_rights_void', { reason })
  }

  /** Losing the record loses rights at most, so nobody waits for it. */
  #note(record: JournalRecord): void {
    this.#write([record]).catch(() => {})
  }

  /** In memory at once, so that no second client is promised the address while the first is synced. */
  #write(records: readonly JournalRecord[]): Promise<void> {
    if (this.#failed) return Promise.reject(new Error('the journal of the rack failed'))
    for (const record of records) this.#options.ledger.apply(record)
    return this.#options.journal.append(records).catch((error: unknown) => {
      if (!this.#failed) {
        this.#failed = true
        this.#countVoid('journal')
        this.#options.logger.error('rack.journal_failed', { error: String(error) })
      }
      throw error
    })
  }
}

function grantOf(
  rackId: SystemId,
  epoch: number,
  vlanId: VlanId,
  count: number,
): Extract<RackCommand, { type: 'reserve.grant' }> {
  return { type: 'reserve.grant', rackId, epoch, vlanId, count }
}
