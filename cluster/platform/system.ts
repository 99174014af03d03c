// The real clock, randomness and process: the only place of the product that touches `Date`,
// `crypto` and signals. Everything else receives them through `model/ports`.
import { randomBytes, randomInt } from 'node:crypto'
import { inspect } from 'node:util'
import { AppError } from '#model/errors.ts'
import type { Clock, Logger, Metrics, Random, Scheduler } from '#model/ports.ts'
import { makeLogger, type LogLevel } from './logger.ts'
import { Metronome } from './metronome.ts'
import { makeMetrics, type MetricsRegistry } from './metrics.ts'

export type Platform = {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  readonly logger: Logger
  readonly metrics: MetricsRegistry
}

/** CLOCK_MONOTONIC through `process.hrtime`: never the event loop's cached time (lease-protocol §1). */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  wallMs: () => Date.now(),
}

const metronome = new Metronome({
  nowMs: systemClock.monotonicMs,
  interval: (periodMs, task) => {
    const timer = setInterval(task, periodMs)
    return () => clearInterval(timer)
  },
})

/** The event loop. Timers here keep the process alive: whoever starts one also stops it. */
export const systemScheduler: Scheduler = {
  soon: (task) => void setImmediate(task),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
  every: (periodMs, task) => metronome.every(periodMs, task),
}

export const systemRandom: Random = {
  integer: (below) => randomInt(below),
  bytes: (count) => new Uint8Array(randomBytes(count)),
}

export function makePlatform(options: {
  readonly logLevel?: LogLevel
  /** Where log lines go; default standard error, so that standard output stays the command's. */
  readonly writeLog?: (line: string) => void
}): Platform {
  const metrics = makeMetrics()
  const write = options.writeLog ?? ((line: string) => void process.stderr.write(line))
  const logger = makeLogger({ level: options.logLevel ?? 'info', write, clock: systemClock })
  const system = { clock: systemClock, scheduler: systemScheduler, random: systemRandom }
  return { ...system, logger, metrics }
}

/**
 * Runs work nobody waits for: a failure is logged and counted instead of lost. Use for every promise
 * that is not awaited.
 */
export function makeBackground(logger: Logger, metrics: Metrics) {
  return (task: Promise<unknown>, name: string): void => {
    task.catch((error: unknown) => {
      metrics.count('ironraft_background_failures_total', { task: name })
      logger.error('background.failed', { task: name, error: describeError(error) })
    })
  }
}

/** Message and causes in one line, without stacks; for logs. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at !== undefined && parts.length < 5; ) {
    parts.push(at instanceof Error ? at.message : inspect(at, { breakLength: Infinity }))
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': ')
}

/** What a process ends with when its log, files or peers are of a newer version than its code. */
export const UNSUPPORTED_VERSION_EXIT_CODE = 8

/** A bug or a broken invariant in a core: a stopped process is safe, a wrong one is not (pitfall F6). */
export function failStop(logger: Logger, what: string, error: unknown): never {
  logger.error('process.fail_stop', { what, error: describeError(error) })
  if (error instanceof AppError && error.code === 'UNSUPPORTED_VERSION') {
    // No bug, and nothing that a stack would explain.
    process.stderr.write(`ironraft: ${error.message}\n`)
    process.exit(UNSUPPORTED_VERSION_EXIT_CODE)
  }
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exit(70)
}
