// A clock that moves only when the test says so.
import type { Clock } from '#model/ports.ts'

export type FakeClock = Clock & {
  readonly advance: (milliseconds: number) => void
  /** The wall clock jumps; the monotonic one does not. */
  readonly jumpWall: (milliseconds: number) => void
}

export function makeFakeClock(startMs = 1_000): FakeClock {
  let monotonic = startMs
  let wall = 1_700_000_000_000
  return {
    monotonicMs: () => monotonic,
    wallMs: () => wall,
    advance: (milliseconds) => {
      monotonic += milliseconds
      wall += milliseconds
    },
    jumpWall: (milliseconds) => {
      wall += milliseconds
    },
  }
}
