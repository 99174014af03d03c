// Looks at the disk every second and acts on the alarm: gives up the reserve, hands leadership to a node with
// room, takes no more entries when it is critical; and undoes all that by itself when room is back.
import type { Logger, Metrics, Scheduler } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { SpaceAlarm } from '#protocol/peer.ts'
import type { Message } from '#raft/message.ts'
import type { DiskSpace } from '#storage/disk-space.ts'
import { hasRoom, nextAlarm, roomierVoter, type SpaceLimits } from './space-alarm.ts'

export type SpaceWatchOptions = {
  readonly nodeId: string
  readonly space: DiskSpace
  readonly voters: () => readonly string[]
  /** What the others reported lately. */
  readonly alarms: () => ReadonlyMap<string, SpaceAlarm>
  readonly isLeader: () => boolean
  readonly transferTo: (id: string) => void
  readonly onChange: () => void
  readonly limits: SpaceLimits & { readonly diskWatchMs: number }
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
}

export class SpaceWatch {
  readonly #options: SpaceWatchOptions
  #alarm: SpaceAlarm = 'none'
  #isReserved = false
  /** Of entries, since the alarm is critical. */
  #takenBytes = 0
  #looking: Promise<void> | null = null
  #stopTicks: () => void = () => {}
  #lastError = ''

  constructor(options: SpaceWatchOptions) {
    this.#options = options
  }

  get alarm(): SpaceAlarm {
    return this.#alarm
  }

  /** A quorum has room for what is written now. */
  get hasRoom(): boolean {
    const { nodeId, voters, alarms } = this.#options
    return hasRoom(voters(), new Map([...alarms(), [nodeId, this.#alarm]]))
  }

  start(): void {
    const { scheduler, limits } = this.#options
    this.#stopTicks = scheduler.every(limits.diskWatchMs, () => this.#look())
    this.#look()
  }

  async stop(): Promise<void> {
    this.#stopTicks()
    await this.#looking
  }

  /**
   * At `critical` a message that brings data counts as lost: the leader sends it again later. A little is taken,
   * and what holds no data always: a new leader's empty entry must commit, or nobody could read.
   */
  refuses(message: Message): boolean {
    if (this.#alarm !== 'critical') return false
    if (message.type === 'installSnapshot') return true
    if (message.type !== 'appendEntries') return false
    let bytes = 0
    for (const { data } of message.entries) bytes += data.byteLength
    if (bytes === 0) return false
    if (this.#takenBytes + bytes > this.#options.limits.diskReserveBytes / 4) return true
    this.#takenBytes += bytes
    return false
  }

  #look(): void {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = null
    })
  }

  /** Never rejects: a file system that does not tell its room is a warning, said once. */
  async #lookNow(): Promise<void> {
    const { space, limits, logger, metrics } = this.#options
    try {
      const freeBytes = await space.freeBytes()
      metrics.gauge('ironraft_node_disk_free_bytes', freeBytes)
      const before = this.#alarm
      const alarm = nextAlarm(before, freeBytes, limits)
      if (alarm !== before) this.#enter(alarm, freeBytes)
      if (alarm !== 'none') await this.#release()
      else if (!this.#isReserved && hasRoomForReserve(freeBytes, limits)) await this.#reserve()
      this.#lastError = ''
    } catch (error) {
      const text = describeError(error)
      if (text !== this.#lastError) logger.warn('node.disk_space_unknown', { error: text })
      this.#lastError = text
    }
    this.#handOver()
  }

  #enter(alarm: SpaceAlarm, freeBytes: number): void {
    const { logger, metrics, onChange } = this.#options
    this.#alarm = alarm
    this.#takenBytes = 0
    metrics.gauge('ironraft_node_disk_alarm', alarm === 'none' ? 0 : alarm === 'low' ? 1 : 2)
    if (alarm === 'none') logger.info('node.disk_alarm_ended', { free_bytes: freeBytes })
    else logger.error('node.disk_alarm', { alarm, free_bytes: freeBytes })
    onChange()
  }

  async #release(): Promise<void> {
    await this.#options.space.release()
    this.#isReserved = false
  }

  async #reserve(): Promise<void> {
    const { space, limits } = this.#options
    this.#isReserved = await space.reserve(limits.diskReserveBytes, limits.diskLowBytes)
  }

  #handOver(): void {
    const { nodeId, voters, alarms, isLeader, transferTo, logger } = this.#options
    if (this.#alarm === 'none' || !isLeader()) return
    const to = roomierVoter(voters(), alarms(), nodeId)
    if (to === null) return
    logger.warn('node.leadership_handed_over', { to, why: 'disk' })
    transferTo(to)
  }
}

function hasRoomForReserve(freeBytes: number, limits: SpaceLimits): boolean {
  return freeBytes >= limits.diskLowBytes + limits.diskReserveBytes
}
