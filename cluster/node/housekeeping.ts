// Duties that are nobody's request: beats of the racks here, log time on an idle cluster, racks that fell
// silent with their region. All are proposals; doing one twice is harmless.
import type { SystemId } from '#model/ids.ts'
import type { Clock } from '#model/ports.ts'
import type { RegionLimits } from '#platform/config.ts'
import type { Command } from '#state/command.ts'
import { SYSTEM_ACTOR } from './region-node.ts'
import type { Region } from './region.ts'

export type HousekeepingOptions = {
  readonly region: Region
  readonly connectedRacks: () => readonly SystemId[]
  readonly clock: Clock
  readonly limits: RegionLimits
  readonly background: (task: Promise<unknown>, name: string) => void
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  #lastBeatMs: number
  #lastAdvanceMs: number
  #underWay = 0
  #raising = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
    this.#lastBeatMs = options.clock.monotonicMs()
    this.#lastAdvanceMs = this.#lastBeatMs
  }

  /** Call about every second. */
  onTick(): void {
    const { clock, limits, region, connectedRacks } = this.#options
    // Without a leader proposals would pile up; the next tick comes soon enough.
    const status = region.status()
    if (status.leader === null || this.#underWay > 8) return
    const nowMs = clock.monotonicMs()
    const racks = connectedRacks()
    if (racks.length > 0 && nowMs - this.#lastBeatMs >= limits.rackBeatMs) {
      this.#lastBeatMs = nowMs
      this.#propose({ type: 'rack.beat', racks })
    }
    if (status.leader !== region.nodeId) return
    this.#raiseLevel(status.membersLevel ?? null)
    if (nowMs - this.#lastAdvanceMs >= limits.timeAdvanceMs) {
      this.#lastAdvanceMs = nowMs
      this.#propose({ type: 'time.advance' })
      this.#declareSilentRacks()
    }
  }

  /** Compares log time with log time: a leader's own clock decides nothing here. */
  #declareSilentRacks(): void {
    const { state } = this.#options.region.local()
    for (const controller of state.controllers.values()) {
      const { kind, connected, lastBeatAt, systemId } = controller
      const silentMs = state.stamp - lastBeatAt
      if (kind === 'rack' && connected && silentMs > this.#options.limits.rackSilentMs) {
        this.#propose({ type: 'rack.lost', systemId, lastBeatAt })
      }
    }
  }

  /** Once, when the last old member is gone or upgraded; a lower level than now is nobody's wish. */
  #raiseLevel(level: number | null): void {
    const { featureLevel, clusterId } = this.#options.region.local().state
    if (level === null || clusterId === '' || level <= featureLevel || this.#raising) return
    this.#raising = true
    this.#propose({ type: 'cluster.raiseLevel', level }, () => (this.#raising = false))
  }

  #propose(command: Command, onEnd: () => void = () => {}): void {
    const { region, background } = this.#options
    this.#underWay++
    const done = region.propose(command, { actor: SYSTEM_ACTOR }).finally(() => {
      this.#underWay--
      onEnd()
    })
    background(done, command.type)
  }
}
