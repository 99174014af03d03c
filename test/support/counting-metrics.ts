// Metrics that remember, and a logger that remembers its lines.
import type { LogFields, Logger, Metrics } from '#model/ports.ts'

export type CountingMetrics = Metrics & {
  /** Sum of a counter over all labels, or over those whose values include `label`. */
  readonly total: (name: string, label?: string) => number
  /** Last value of a gauge whose labels have the value `label`. */
  readonly gauged: (name: string, label: string) => number | undefined
}

export function makeCountingMetrics(): CountingMetrics {
  const counts: { name: string; values: string[]; by: number }[] = []
  const gauges = new Map<string, number>()
  return {
    count: (name, labels = {}, by = 1) => {
      counts.push({ name, values: Object.values(labels), by })
    },
    gauge: (name, value, labels = {}) => {
      for (const label of Object.values(labels)) gauges.set(`${name} ${label}`, value)
    },
    gauged: (name, label) => gauges.get(`${name} ${label}`),
    observe: () => {},
    total: (name, label) =>
      counts
        .filter((each) => each.name === name)
        .filter((each) => label === undefined || each.values.includes(label))
        .reduce((sum, each) => sum + each.by, 0),
  }
}

export type LogLine = { readonly level: string; readonly event: string; readonly fields: LogFields }

export function makeLogRecorder(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields })
    }
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: () => logger,
  }
  return { logger, lines }
}
