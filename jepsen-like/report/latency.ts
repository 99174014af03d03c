// How long operations took, on a logarithmic scale: each a point where it ended. Operations that wait for events by
// their nature (watches) are left out.
import type { Operation } from '../history.ts'
import type { FaultRecord } from '../nemesis.ts'
import { type Axis, axisLines, box, drawing, formatMs, laneName, LEFT, round } from './markup.ts'

const TOP = 10
const HEIGHT = 220
const MS_MIN = 1
const MS_MAX = 10_000
/** Beyond it only every n-th quick success is drawn; what failed or was slow always is. */
const POINTS_MAX = 4_000
const SLOW_MS = 500

export function drawLatency(
  operations: readonly Operation[],
  faults: readonly FaultRecord[],
  axis: Axis,
): string {
  const bottom = TOP + HEIGHT
  const bands = faults.map(({ fromNs, untilNs }) =>
    box({ className: 'band', from: axis.x(fromNs), to: axis.x(untilNs), y: TOP, height: HEIGHT }),
  )
  const levels = [1, 10, 100, 1_000, 10_000].map((ms) => {
    const y = round(yOf(ms))
    const line = `<line class="grid" x1="${LEFT}" x2="${round(axis.x(axis.endNs))}" y1="${y}" y2="${y}"/>`
    return line + laneName(formatMs(ms), y + 4)
  })
  const points = chosen(operations).map((one) => {
    const ms = (one.returnedNs - one.invokedNs) / 1e6
    return `<circle class="${one.outcome}" cx="${round(axis.x(one.returnedNs))}" cy="${round(yOf(ms))}" r="1.8"/>`
  })
  const content = axisLines(axis, TOP, bottom) + [...bands, ...levels, ...points].join('')
  return drawing(bottom + 22, 'Latency of operations', content)
}

function yOf(ms: number): number {
  const clamped = Math.min(MS_MAX, Math.max(MS_MIN, ms))
  const part = Math.log10(clamped / MS_MIN) / Math.log10(MS_MAX / MS_MIN)
  return TOP + HEIGHT * (1 - part)
}

function timed(operations: readonly Operation[]): readonly Operation[] {
  return operations.filter(({ f, returnedNs }) => f !== 'watch' && returnedNs !== Infinity)
}

function chosen(operations: readonly Operation[]): readonly Operation[] {
  const all = timed(operations)
  const every = Math.max(1, Math.ceil(all.length / POINTS_MAX))
  return all.filter(
    ({ outcome, invokedNs, returnedNs }, at) =>
      at % every === 0 || outcome !== 'ok' || returnedNs - invokedNs > SLOW_MS * 1e6,
  )
}

/** Median, 99th percentile and longest of the acknowledged ones, in words. */
export function latencyWords(operations: readonly Operation[]): string {
  const took = timed(operations)
    .filter(({ outcome }) => outcome === 'ok')
    .map(({ invokedNs, returnedNs }) => (returnedNs - invokedNs) / 1e6)
    .toSorted((a, b) => a - b)
  if (took.length === 0) return 'none acknowledged'
  const at = (part: number): string => formatMs(took[Math.floor((took.length - 1) * part)] ?? 0)
  return `median ${at(0.5)}, 99 % below ${at(0.99)}, longest ${at(1)}`
}
