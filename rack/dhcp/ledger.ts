// What the rack's journal says, as values: tenures adopted, reserves granted, what was bound from them. Pure:
// a fold over records, the same from the disk at start and from memory as they are written (lease-protocol §2).
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { ClientKey } from '#model/network.ts'

/** A tenure or one of its beats, as adopted. Times are the rack's boot clock unless they say otherwise. */
export type TenureRecord = {
  readonly type: 'tenure'
  readonly epoch: number
  /** Before the hello or beat was first sent. */
  readonly sentAtMs: number
  /** Wall clock at the same moment: tells after a gap whether the boot clock had stopped. */
  readonly sentAtWallMs: number
  /** Log time of the hello or beat; with `sentAtMs` the anchor of every hold in the view. */
  readonly stamp: number
  /** Log index: usable with a view that is at least as new. */
  readonly revision: number
  readonly clusterId: string
}

export type BoundRecord = {
  readonly type: 'bound'
  readonly ip: Ipv4
  readonly generation: number
  readonly client: ClientKey
  readonly mac: MacAddress
  readonly leaseSeconds: number
  readonly hostname: string
}

export type ReserveName = { readonly ip: Ipv4; readonly generation: number }

export type JournalRecord =
  /** A process opened the journal. */
  | { readonly type: 'opened'; readonly bootId: string; readonly incarnation: number }
  | TenureRecord
  | {
      readonly type: 'granted'
      readonly epoch: number
      readonly generation: number
      readonly addresses: readonly Ipv4[]
    }
  | BoundRecord
  /** The region holds what was bound, `leaseSeconds` the longest told until then. */
  | ({ readonly type: 'replayed'; readonly leaseSeconds: number } & ReserveName)
  /** Its client found the address in use. */
  | ({ readonly type: 'declined' } & ReserveName)
  /** Its client gave it back while no region listened: information, nothing is freed by it. */
  | { readonly type: 'released'; readonly ip: Ipv4; readonly client: ClientKey }
  /** A region heard of it. */
  | { readonly type: 'releaseTold'; readonly ip: Ipv4 }
  /** Never bound again under this grant, whatever the region hears of it. */
  | { readonly type: 'returned'; readonly reserves: readonly ReserveName[] }
  /** The region confirmed the return. */
  | { readonly type: 'forgotten'; readonly reserves: readonly ReserveName[] }
  /** The region refused a beat: the tenure is over, and only a hello helps. */
  | { readonly type: 'lapsed' }
  /** The boot clock cannot be believed: no tenure counts until the next beat. */
  | { readonly type: 'void' }
  /** Another cluster: nothing of the old one may be used or replayed there. */
  | { readonly type: 'left' }

export type Bound = Omit<BoundRecord, 'type' | 'ip' | 'generation'> & {
  /** All that was told to the client is covered by the region's hold. */
  readonly isReplayed: boolean
}

export type ReserveEntry = {
  readonly ip: Ipv4
  readonly generation: number
  readonly epoch: number
  /** `usable`: may be bound. `returning`: the region is still to hear. `ended`: for replay only. */
  readonly status: 'usable' | 'returning' | 'ended'
  readonly bound: Bound | null
  readonly isDeclined: boolean
}

/** Beats whose view may not be on disk yet after a crash: the view is saved every five seconds. */
const TENURES_KEPT = 4
/** Releases to be told; past it the oldest is forgotten, and its hold is shown as in use until it ends. */
const RELEASES_MAX = 1_024

export class Ledger {
  /** Newest last, all of one epoch. */
  tenures: readonly TenureRecord[] = []
  readonly reserves = new Map<Ipv4, ReserveEntry>()
  /** Address and client of each RELEASE that no region has heard of, oldest first. */
  readonly releases = new Map<Ipv4, ClientKey>()
  #bootId = ''

  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'opened':
        return this.#open(record.bootId)
      case 'tenure':
        return this.#adopt(record)
      case 'granted':
        return this.#grant(record)
      case 'bound':
        return this.#bind(record)
      case 'replayed':
        return this.#change(record, ({ bound, ...entry }) => ({
          ...entry,
          bound: bound && { ...bound, isReplayed: bound.leaseSeconds <= record.leaseSeconds },
        }))
      case 'declined':
        return this.#change(record, (entry) => ({ ...entry, isDeclined: true }))
      case 'released':
        return this.#release(record)
      case 'releaseTold':
        this.releases.delete(record.ip)
        return
      case 'returned':
        for (const name of record.reserves) {
          this.#change(name, (entry) => ({ ...entry, status: 'returning' }))
        }
        return
      case 'forgotten':
        for (const name of record.reserves) {
          if (this.entry(name) !== undefined) this.reserves.delete(name.ip)
        }
        return
      case 'lapsed':
        return this.#end()
      case 'void':
        this.tenures = []
        return
      case 'left':
        this.#end()
        this.reserves.clear()
        this.releases.clear()
        return
      default:
        record satisfies never
    }
  }

  entry({ ip, generation }: ReserveName): ReserveEntry | undefined {
    const entry = this.reserves.get(ip)
    return entry?.generation === generation ? entry : undefined
  }

  /** The epoch whose beats go on; undefined when only a hello can help. */
  get epoch(): number | undefined {
    return this.#epoch
  }
  #epoch: number | undefined

  /** As few records as say the same; what a journal that grew too long begins with. */
  dump(incarnation: number): readonly JournalRecord[] {
    const records: JournalRecord[] = [{ type: 'opened', bootId: this.#bootId, incarnation }]
    records.push(...this.tenures)
    for (const { ip, generation, epoch, status, bound, isDeclined } of this.reserves.values()) {
      const name = { ip, generation }
      records.push({ type: 'granted', epoch, generation, addresses: [ip] })
      if (bound !== null) {
        const { isReplayed, ...binding } = bound
        records.push({ type: 'bound', ...name, ...binding })
        const { leaseSeconds } = bound
        if (isReplayed) records.push({ type: 'replayed', ...name, leaseSeconds })
      }
      if (isDeclined) records.push({ type: 'declined', ...name })
      if (status === 'returning') records.push({ type: 'returned', reserves: [name] })
    }
    for (const [ip, client] of this.releases) records.push({ type: 'released', ip, client })
    return records
  }

  /** After a reboot the clock began anew and the disk may be an older one: all rights are over. */
  #open(bootId: string): void {
    if (bootId === this.#bootId) return
    this.#bootId = bootId
    this.#end()
  }

  #end(): void {
    this.#endReserves()
    this.tenures = []
    this.#epoch = undefined
  }

  #adopt(record: TenureRecord): void {
    if (record.epoch !== this.#epoch) {
      // The hello was accepted, so the tenure before had lapsed and every lease in it is over.
      this.reserves.clear()
      this.tenures = []
      this.#epoch = record.epoch
    }
    const newest = this.tenures.at(-1)
    // A beat that was overtaken by a later one tells nothing new.
    if (newest !== undefined && newest.sentAtMs >= record.sentAtMs) return
    this.tenures = [...this.tenures, record].slice(-TENURES_KEPT)
  }

  #grant(record: Extract<JournalRecord, { type: 'granted' }>): void {
    const { epoch, generation, addresses } = record
    const status = epoch === this.#epoch ? 'usable' : 'ended'
    for (const ip of addresses) {
      this.reserves.set(ip, { ip, generation, epoch, status, bound: null, isDeclined: false })
    }
  }

  /** One client per grant: a second one would be a bug of the rack. */
  #bind({ type: _type, ip, generation, ...binding }: BoundRecord): void {
    if (this.releases.get(ip) === binding.client) this.releases.delete(ip)
    this.#change({ ip, generation }, (entry) => {
      const told = Math.max(entry.bound?.leaseSeconds ?? 0, binding.leaseSeconds)
      return { ...entry, bound: { ...binding, leaseSeconds: told, isReplayed: false } }
    })
  }

  #release({ ip, client }: Extract<JournalRecord, { type: 'released' }>): void {
    this.releases.delete(ip)
    const [oldest] = this.releases.keys()
    if (oldest !== undefined && this.releases.size >= RELEASES_MAX) this.releases.delete(oldest)
    this.releases.set(ip, client)
  }

  #change(name: ReserveName, next: (entry: ReserveEntry) => ReserveEntry): void {
    const entry = this.entry(name)
    if (entry !== undefined) this.reserves.set(name.ip, next(entry))
  }

  #endReserves(): void {
    for (const [ip, entry] of this.reserves) {
      // What was never bound needs no replay: the region has it back when the tenure lapses.
      if (entry.bound === null || entry.bound.isReplayed) this.reserves.delete(ip)
      else this.reserves.set(ip, { ...entry, status: 'ended' })
    }
  }
}
