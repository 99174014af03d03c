// Prometheus metrics by name, over prom-client. A name's kind and labels are fixed by its first use;
// names end in `_total` for counters and `_seconds`/`_bytes` for what is observed.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Labels, Metrics } from '#model/ports.ts'

export interface MetricsRegistry extends Metrics {
  /** Text exposition format, and the content type that names its version. */
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>
}

/** From a tenth of a millisecond to ten seconds: a packet, an fsync, a slow request. */
const BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

export function makeMetrics(): MetricsRegistry {
  const registry = new Registry()
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()

  const definition = (name: string, labels: Labels) => ({
    name,
    help: name.replaceAll('_', ' '),
    labelNames: Object.keys(labels),
    registers: [registry],
  })
  return {
    count: (name, labels = {}, by = 1) => {
      let counter = counters.get(name)
      if (counter === undefined) {
        counter = new Counter(definition(name, labels))
        counters.set(name, counter)
      }
      counter.inc(labels, by)
    },
    gauge: (name, value, labels = {}) => {
      let gauge = gauges.get(name)
      if (gauge === undefined) {
        gauge = new Gauge(definition(name, labels))
        gauges.set(name, gauge)
      }
      gauge.set(labels, value)
    },
    observe: (name, value, labels = {}) => {
      let histogram = histograms.get(name)
      if (histogram === undefined) {
        histogram = new Histogram({ ...definition(name, labels), buckets: BUCKETS_SECONDS })
        histograms.set(name, histogram)
      }
      histogram.observe(labels, value)
    },
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
