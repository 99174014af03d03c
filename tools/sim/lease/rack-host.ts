// A rack of the simulation: the real view, responder, rights, ledger and endurance on a simulated disk, clock and
// link. The process may be paused, killed or its host rebooted; what was not synced may be lost.
import type { SystemId, VlanId } from '#model/ids.ts'
import { makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Logger, Metrics } from '#model/ports.ts'
import type { RackCommand, RackToRegionReply, RegionToRack } from '#protocol/rack.ts'
import type { Arrival, DhcpLink } from '#rack/dhcp/locate.ts'
import { type JournalRecord, Ledger } from '#rack/dhcp/ledger.ts'
import { Responder } from '#rack/dhcp/responder.ts'
import { ViewIndex } from '#rack/dhcp/view-index.ts'
import { Endurance } from '#rack/endurance.ts'
import { PendingRequests, requestTimeoutMs, UNKNOWN } from '#rack/pending-requests.ts'
import { RackView, type ViewDump } from '#rack/view.ts'
import { DriftingClock } from './drifting-clock.ts'
import type { EventQueue } from './queue.ts'
import type { SeededRandom } from '../seeded-random.ts'

const TICK_MS = 2_000
const VIEW_SAVE_MS = 5_000
/** What a socket keeps for a process that does not read. */
const INBOX_MAX = 64

const quietLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => quietLogger,
}
const noMetrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} }

/** Towards the region the rack follows now; set by the world. */
export interface Uplink {
  /** False: it cannot be sent. */
  readonly send: (id: number, command: RackCommand) => boolean
  readonly hasLeader: () => boolean
}

export type RackHostOptions = {
  readonly queue: EventQueue
  readonly random: SeededRandom
  readonly rackId: SystemId
  readonly number: number
  readonly rate: number
  readonly onReply: (bytes: Uint8Array) => void
  readonly trace: (line: string) => void
}

type Process = {
  readonly view: RackView
  readonly index: ViewIndex
  readonly ledger: Ledger
  readonly endurance: Endurance
  readonly responder: Responder
  readonly pending: PendingRequests
}

export class RackHost {
  readonly rackId: SystemId
  readonly ip: Ipv4
  readonly boot: DriftingClock
  readonly wall: DriftingClock
  readonly link: DhcpLink
  uplink: Uplink | undefined
  readonly #options: RackHostOptions
  #process: Process | undefined
  #isPaused = false
  /** The process cannot look at its clock, which tells nothing. */
  isClockStopped = false
  #stoppedAtMs = 0
  #inbox: (() => void)[] = []
  /** Synced records as a fold, their number, and those on their way to the disk. */
  #synced = new Ledger()
  #syncedCount = 0
  #unsynced: { readonly records: readonly JournalRecord[]; readonly resolve: () => void }[] = []
  #isSyncing = false
  #savedView: ViewDump | undefined
  #savedAtMs = 0
  #boots = 1
  #starts = 0

  constructor(options: RackHostOptions) {
    this.#options = options
    const { queue, random, rackId, number, rate } = options
    this.rackId = rackId
    this.ip = makeIpv4(0x0a000002 + number)
    this.boot = new DriftingClock(queue, rate, 60_000 + random.integer(600_000))
    this.wall = new DriftingClock(queue, rate, 1_700_000_000_000)
    this.link = {
      name: 'eth0',
      interfaceIndex: 1,
      mac: `52:54:00:ff:00:0${number}` as MacAddress,
      addresses: [{ ip: this.ip, prefix: 24 }],
      vlanId: 5001 as VlanId,
    }
    this.#start()
    queue.after(random.integer(TICK_MS), () => this.#tick())
  }

  get process(): Process | undefined {
    return this.#process
  }

  get isUp(): boolean {
    return this.#process !== undefined && !this.#isPaused
  }

  receive(bytes: Uint8Array, destination: Ipv4): void {
    this.#deliver((process) => {
      const arrival: Arrival = {
        link: this.link,
        sourcePort: 68,
        destination,
        receivedAtMs: this.boot.read(),
      }
      process.responder.receive(bytes, arrival)
    })
  }

  hear(message: RegionToRack): void {
    this.#deliver((process) => {
      if (message.type === 'reply') process.pending.settle(message.id, message.reply)
      else process.view.apply(message)
    }, true)
  }

  /** The link broke, or another one was made. */
  dropLink(): void {
    this.uplink = undefined
    this.#process?.pending.failAll()
  }

  pause(): void {
    this.#isPaused = true
  }

  /** A host that stands still wakes none of its processes (A3). */
  resume(): void {
    if (this.isClockStopped) return
    this.#isPaused = false
    const inbox = this.#inbox
    this.#inbox = []
    for (const run of inbox) run()
  }

  /** The host stood still with its clock, and the wall clock was set afterwards. */
  stopClock(): void {
    if (this.isClockStopped) return
    this.pause()
    this.isClockStopped = true
    this.#stoppedAtMs = this.#options.queue.nowMs
    this.boot.stop()
    this.wall.stop()
  }

  startClock(): void {
    if (!this.isClockStopped) return
    this.isClockStopped = false
    this.boot.go()
    this.wall.go()
    this.wall.jump(this.#options.queue.nowMs - this.#stoppedAtMs)
    this.resume()
  }

  kill(): void {
    this.#process?.pending.failAll()
    this.#process?.index.close()
    this.#process = undefined
    this.uplink = undefined
    this.#inbox = []
    this.#isPaused = this.isClockStopped
    // A prefix of what was under way may have reached the disk.
    const kept = this.#options.random.integer(this.#unsynced.length + 1)
    this.#store(this.#unsynced.slice(0, kept).flatMap(({ records }) => records))
    this.#unsynced = []
    this.#isSyncing = false
  }

  restart(isReboot: boolean): void {
    if (this.#process !== undefined) return
    if (isReboot) {
      this.#boots++
      this.boot.jump(20_000 - this.boot.read())
    }
    this.#start()
  }

  /** What the journal would say after a restart now. */
  get disk(): Ledger {
    return this.#synced
  }

  #deliver(run: (process: Process) => void, isOfLink = false): void {
    const now = (): void => {
      if (this.#process !== undefined) run(this.#process)
    }
    if (!this.#isPaused) now()
    // A link's bytes wait at the sender; datagrams are lost.
    else if (isOfLink || this.#inbox.length < INBOX_MAX) this.#inbox.push(now)
  }

  #start(): void {
    const { queue, random, rackId, onReply } = this.#options
    this.#starts++
    // As from the disk: through the records that say the same.
    const ledger = new Ledger()
    for (const record of this.#synced.dump(this.#starts)) ledger.apply(record)
    const opened = {
      type: 'opened',
      bootId: `boot-${this.#boots}`,
      incarnation: this.#starts,
    } as const
    ledger.apply(opened)
    this.#store([opened])
    const clock = { monotonicMs: this.boot.read, wallMs: this.wall.read }
    const view = new RackView(clock)
    if (this.#savedView !== undefined) view.load(this.#savedView)
    const index = new ViewIndex(view)
    const pending = new PendingRequests({ inFlightMax: 4_096 })
    const request = (command: RackCommand): Promise<RackToRegionReply> => {
      const { uplink } = this
      if (uplink === undefined) return Promise.resolve(UNKNOWN)
      const deadlineMs = this.boot.read() + requestTimeoutMs(command)
      return pending.add(deadlineMs, (id) => uplink.send(id, command))
    }
    const shared = { rackId, index, request, clock, logger: quietLogger, metrics: noMetrics }
    const endurance = new Endurance({
      ...shared,
      ...{ incarnation: this.#starts, ledger, random },
      journal: this.#journal(),
      bootTime: { bootMs: this.boot.read, wallMs: this.wall.read },
      isConnected: () => this.uplink?.hasLeader() === true,
    })
    const responder: Responder = new Responder({
      ...shared,
      links: () => [this.link],
      offline: endurance,
      // As the outbox does: at the end of the turn, and not when it has become too old.
      transmit: (reply, exchange) =>
        queue.after(0, () => {
          const isAlive = this.#process?.responder === responder
          const send = (): void => {
            if (!responder.isTooOld(exchange)) onReply(reply.bytes)
          }
          if (isAlive) this.#deliver(send)
        }),
      httpPort: 5248,
    })
    this.#process = { view, index, ledger, endurance, responder, pending }
  }

  #journal() {
    const written = (): number => this.#syncedCount
    return {
      get sequence() {
        return written()
      },
      append: (records: readonly JournalRecord[]): Promise<void> =>
        new Promise((resolve) => {
          this.#unsynced.push({ records, resolve })
          this.#sync()
        }),
    }
  }

  #sync(): void {
    if (this.#isSyncing || this.#unsynced.length === 0) return
    this.#isSyncing = true
    const { queue, random } = this.#options
    const batch = this.#unsynced
    const starts = this.#starts
    queue.after(random.chance(3) ? random.between(100, 2_000) : random.between(1, 20), () => {
      // Killed meanwhile: `kill` decided what reached the disk.
      if (starts !== this.#starts || this.#unsynced !== batch) return
      this.#unsynced = batch.slice(batch.length)
      this.#store(batch.flatMap(({ records }) => records))
      this.#isSyncing = false
      for (const { resolve } of batch) resolve()
      this.#sync()
    })
  }

  #store(records: readonly JournalRecord[]): void {
    for (const record of records) this.#synced.apply(record)
    this.#syncedCount += records.length
  }

  #tick(): void {
    const { queue } = this.#options
    queue.after(TICK_MS, () => this.#tick())
    const process = this.#process
    if (process === undefined || this.#isPaused) return
    process.pending.expire(this.boot.read())
    process.endurance.tick()
    if (queue.nowMs - this.#savedAtMs < VIEW_SAVE_MS) return
    this.#savedAtMs = queue.nowMs
    if (process.view.revision > 0) this.#savedView = process.view.dump()
  }
}
