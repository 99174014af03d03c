// JSON lines: `time level event` and fields (style §11). One write per line; a full pipe never blocks
// the caller beyond the kernel's buffer because lines are small and rare above debug.
import type { Clock, LogFields, Logger } from '#model/ports.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LEVELS)[number]

export function makeLogger(options: {
  readonly level: LogLevel
  readonly write: (line: string) => void
  readonly clock: Clock
  readonly fields?: LogFields
}): Logger {
  const { write, clock } = options
  const least = LEVELS.indexOf(options.level)
  const fields = options.fields ?? {}

  const line = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < least) return () => {}
    return (event: string, more: LogFields = {}): void => {
      const time = new Date(clock.wallMs()).toISOString()
      write(`${JSON.stringify({ time, level, event, ...fields, ...more })}\n`)
    }
  }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (more) => makeLogger({ ...options, fields: { ...fields, ...more } }),
  }
}
