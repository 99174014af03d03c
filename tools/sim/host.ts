// The machine that one simulated process runs on: its clocks, which may drift, stop or jump, its event loop,
// which may be paused, and the process itself, which may be killed: what it still wanted to do is then void.
import type { Clock, Scheduler } from '#model/ports.ts'
import type { Timeline } from './timeline.ts'

/** 2026-01-01, plus what is different on every machine. */
const WALL_START_MS = 1_767_225_600_000

export class Host {
  readonly #timeline: Timeline
  /** Called after each task of this host, before the next event. */
  readonly #afterTask: () => void
  #life = 0
  #paused = false
  #resumedUs = -Infinity
  #lastSoon: (() => void) | null = null
  #deferred: (() => void)[] = []
  #rate = 1
  #sinceUs = 0
  #monotonicMs: number
  #wallOffsetMs: number

  constructor(
    timeline: Timeline,
    options: { readonly startMs: number; readonly afterTask: () => void },
  ) {
    this.#timeline = timeline
    this.#afterTask = options.afterTask
    this.#monotonicMs = options.startMs
    this.#wallOffsetMs = WALL_START_MS - options.startMs
  }

  /** Changes when the process dies. */
  get life(): number {
    return this.#life
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** When it was last let go on. */
  get resumedUs(): number {
    return this.#resumedUs
  }

  readonly clock: Clock = {
    monotonicMs: () =>
      this.#monotonicMs + ((this.#timeline.nowUs - this.#sinceUs) / 1_000) * this.#rate,
    wallMs: () => Math.floor(this.clock.monotonicMs() + this.#wallOffsetMs),
  }

  /** 1 is true time, 0 a stopped clock (timers still fire, as when only the clock source hangs). */
  setClockRate(rate: number): void {
    this.#monotonicMs = this.clock.monotonicMs()
    this.#sinceUs = this.#timeline.nowUs
    this.#rate = rate
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** The machine starts again: its monotonic clock begins anew, at an arbitrary value. */
  reboot(startMs: number): void {
    const wall = this.clock.wallMs()
    this.#monotonicMs = startMs
    this.#sinceUs = this.#timeline.nowUs
    this.#wallOffsetMs = wall - startMs
  }

  /** SIGSTOP: nothing runs until `resume`; what comes in meanwhile waits in order. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#resumedUs = this.#timeline.nowUs
    const deferred = this.#deferred
    this.#deferred = []
    for (const task of deferred) this.#timeline.soon(task)
  }

  /** The process is gone; its timers, turns and incoming messages with it. */
  kill(): void {
    this.#life++
    this.#deferred = []
    this.#paused = false
  }

  /** Runs `task` now as the process that is alive now would; later when it is paused, never when it dies. */
  run(task: () => void): void {
    this.#runOf(this.#life, task)
  }

  /** The event loop of the process that is alive now. */
  scheduler(): Scheduler {
    const life = this.#life
    return {
      soon: (task) => {
        // A task that comes again and again is the driver's turn; any other may resolve a promise.
        const isTurn = task === this.#lastSoon
        this.#lastSoon = task
        this.#timeline.soon(() => {
          if (!isTurn) this.#timeline.dirty = true
          this.#runOf(life, task)
        })
      },
      after: (delayMs, task) => {
        const delayUs = (delayMs * 1_000) / (this.#rate === 0 ? 1 : this.#rate)
        const event = this.#timeline.in(delayUs, () => {
          this.#timeline.dirty = true
          this.#runOf(life, task)
        })
        return () => this.#timeline.cancel(event)
      },
      every: (periodMs, task) => this.#every(life, periodMs, task),
    }
  }

  #every(life: number, periodMs: number, task: () => void): () => void {
    let cancelled = false
    const run = (): void => {
      if (cancelled) return
      task()
      arm()
    }
    const fire = (): void => this.#runOf(life, run)
    const arm = (): void => {
      const rate = this.#rate === 0 ? 1 : this.#rate
      this.#timeline.in((periodMs * 1_000) / rate, fire)
    }
    arm()
    return () => {
      cancelled = true
    }
  }

  #runOf(life: number, task: () => void): void {
    if (life !== this.#life) return
    if (this.#paused) {
      this.#deferred.push(() => this.#runOf(life, task))
      return
    }
    task()
    this.#afterTask()
  }
}
