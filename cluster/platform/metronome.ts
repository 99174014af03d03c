// One timer for everything that is done periodically. A timer each, started whenever its owner was, woke an idle
// region sixty times a second to do what twenty beats hold (measured with strace, 2026-11-27).

/** Milliseconds between beats: the period of the fastest tasks, Raft's ticks. */
const BEAT_MS = 50

type Timers = {
  /** As `setInterval`; the returned function ends it. */
  readonly interval: (periodMs: number, task: () => void) => () => void
  readonly nowMs: () => number
}
type Task = { readonly periodMs: number; readonly run: () => void; dueMs: number }

/** Periods that are multiples of a beat share its timer; others get one of their own. */
export class Metronome {
  readonly #timers: Timers
  readonly #tasks = new Set<Task>()
  #stopBeats: (() => void) | null = null

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Runs `run` each `periodMs`, at most half a beat early; the returned function ends it. */
  every(periodMs: number, run: () => void): () => void {
    if (periodMs % BEAT_MS !== 0) return this.#timers.interval(periodMs, run)
    const task = { periodMs, run, dueMs: this.#timers.nowMs() + periodMs }
    this.#tasks.add(task)
    this.#stopBeats ??= this.#timers.interval(BEAT_MS, () => this.#beat())
    return () => this.#remove(task)
  }

  #remove(task: Task): void {
    this.#tasks.delete(task)
    if (this.#tasks.size > 0) return
    this.#stopBeats?.()
    this.#stopBeats = null
  }

  /** By the clock, not by counting beats: those that a stall swallowed must not delay slow tasks. */
  #beat(): void {
    const nowMs = this.#timers.nowMs()
    for (const task of this.#tasks) {
      if (nowMs < task.dueMs - BEAT_MS / 2) continue
      task.dueMs = nowMs + task.periodMs
      task.run()
    }
  }
}
