// A scheduler whose periodic tasks run when the test says so.
import type { Scheduler } from '#model/ports.ts'

export type FakeScheduler = Scheduler & {
  /** One round of everything that is periodic. */
  readonly tick: () => void
}

export function makeFakeScheduler(): FakeScheduler {
  const tasks = new Set<() => void>()
  return {
    soon: (task) => void setImmediate(task),
    after: (delayMs, task) => {
      const timer = setTimeout(task, delayMs)
      return () => clearTimeout(timer)
    },
    every: (_periodMs, task) => {
      tasks.add(task)
      return () => void tasks.delete(task)
    },
    tick: () => {
      for (const task of [...tasks]) task()
    },
  }
}
