// What happened when: faults as bands over everything, a lane for each node with who led in which term and who was
// hit, and for each workload how many operations ended how.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { faultName, type FaultRecord } from '../nemesis.ts'
import type { Sighting } from '../observer.ts'
import { type Axis, axisLines, box, drawing, escapeHtml, laneName, round } from './markup.ts'

export type TimelineInput = {
  readonly nodes: readonly string[]
  readonly faults: readonly FaultRecord[]
  readonly sightings: readonly Sighting[]
  readonly workloads: ReadonlyMap<string, readonly Operation[]>
}

const LABELS_HEIGHT = 112
/** Nearer to the one before, a name would stand on it: then only the table below has it. */
const LABEL_GAP = 11
const TERM_GAP = 22
const LANE = 26
const BARS = 46
/** Columns of the operation counts. */
const BUCKETS = 200

export function drawTimeline(input: TimelineInput, axis: Axis): string {
  const { nodes, faults, workloads } = input
  const parties = partiesOf(nodes, faults)
  const lanesTop = LABELS_HEIGHT
  const barsTop = lanesTop + parties.length * LANE + 12
  const bottom = barsTop + workloads.size * BARS
  const labelled = spaced(faults, axis)
  const bands = faults
    .map((fault) => drawFault(fault, { axis, bottom, isLabelled: labelled.has(fault) }))
    .join('')
  const lanes = parties
    .map((party, at) => drawParty(party, { input, axis, y: lanesTop + at * LANE }))
    .join('')
  const bars = [...workloads]
    .map(([name, operations], at) => drawCounts(name, operations, axis, barsTop + at * BARS))
    .join('')
  const content = axisLines(axis, LABELS_HEIGHT - 4, bottom) + bands + lanes + bars
  return drawing(bottom + 22, 'Timeline of faults, leaders and operations', content)
}

/** Nodes, also those that have gone, then what else was hit; by number. */
function partiesOf(nodes: readonly string[], faults: readonly FaultRecord[]): readonly string[] {
  const parties = new Set([...nodes, ...faults.flatMap(({ targets }) => targets)])
  const order = (party: string): number => Number(/\d+$/.exec(party)?.[0] ?? 0)
  return [...parties].toSorted((a, b) => {
    const kinds = Number(b.startsWith('node')) - Number(a.startsWith('node'))
    return kinds || order(a) - order(b) || (a < b ? -1 : 1)
  })
}

/** Those whose names have room. */
function spaced(faults: readonly FaultRecord[], axis: Axis): ReadonlySet<FaultRecord> {
  const chosen = new Set<FaultRecord>()
  let last = -Infinity
  for (const fault of faults) {
    const x = middle(fault, axis)
    if (x - last < LABEL_GAP) continue
    chosen.add(fault)
    last = x
  }
  return chosen
}

function middle({ fromNs, untilNs }: FaultRecord, axis: Axis): number {
  return (axis.x(fromNs) + axis.x(untilNs)) / 2
}

function drawFault(
  fault: FaultRecord,
  place: { readonly axis: Axis; readonly bottom: number; readonly isLabelled: boolean },
): string {
  const { axis, bottom, isLabelled } = place
  const [from, to] = [axis.x(fault.fromNs), axis.x(fault.untilNs)]
  const title = `${faultName(fault)}: ${fault.detail}`
  const height = bottom - LABELS_HEIGHT + 4
  const band = box({ className: 'band', from, to, y: LABELS_HEIGHT - 4, height, title })
  if (!isLabelled) return band
  const at = `translate(${round(middle(fault, axis) + 3)},${LABELS_HEIGHT - 8}) rotate(-58)`
  return `${band}<text class="fault-name" transform="${at}">${escapeHtml(shortName(fault))}</text>`
}

/** The whole name is in the table below. */
function shortName({ nemesis, variant, leader }: FaultRecord): string {
  const star = leader === 'leader in' ? ' ★' : ''
  return `${[nemesis, variant].filter(Boolean).join(' ')}${star}`
}

function drawParty(
  party: string,
  place: { readonly input: TimelineInput; readonly axis: Axis; readonly y: number },
): string {
  const { input, axis, y } = place
  const hit = input.faults
    .filter(({ targets }) => targets.includes(party))
    .map((fault) =>
      box({
        className: 'hit',
        ...{ from: axis.x(fault.fromNs), to: axis.x(fault.untilNs) },
        ...{ y: y + 4, height: LANE - 8 },
        title: `${faultName(fault)}: ${fault.detail}`,
      }),
    )
    .join('')
  const base = box({
    className: 'track',
    ...{ from: axis.x(0), to: axis.x(axis.endNs), y: y + LANE / 2 - 1, height: 2 },
  })
  const spans = leaderships(input.sightings.filter(({ node }) => node === party))
  const led = spans
    .map((span, at) => {
      const next = spans[at + 1]
      const hasRoom = !next || axis.x(next.fromNs) - axis.x(span.untilNs) > TERM_GAP
      return drawLeadership(span, { axis, y, hasRoom })
    })
    .join('')
  return laneName(party, y + LANE / 2 + 4) + base + hit + led
}

export type Leadership = {
  readonly term: number
  readonly fromNs: number
  readonly untilNs: number
}

/** Neighbouring sightings of one node as leader of one term, as one. */
export function leaderships(ofNode: readonly Sighting[]): readonly Leadership[] {
  const spans: Leadership[] = []
  let wasLeader = false
  for (const { timeNs, term, role } of ofNode.toSorted((a, b) => a.timeNs - b.timeNs)) {
    const last = spans.at(-1)
    if (role === 'leader') {
      if (wasLeader && last?.term === term) spans[spans.length - 1] = { ...last, untilNs: timeNs }
      else spans.push({ term, fromNs: timeNs, untilNs: timeNs })
    }
    wasLeader = role === 'leader'
  }
  return spans
}

/** The term of a short one stands beside it, where it does not cover the next. */
function drawLeadership(
  { term, fromNs, untilNs }: Leadership,
  place: { readonly axis: Axis; readonly y: number; readonly hasRoom: boolean },
): string {
  const { axis, y, hasRoom } = place
  const [from, to] = [axis.x(fromNs), axis.x(untilNs)]
  const title = `leader of term ${term}`
  const shape = box({ className: 'leader', from, to, y: y + 6, height: LANE - 12, title })
  const isWide = to - from > 18
  if (!isWide && !hasRoom) return shape
  const words = isWide
    ? `class="term" x="${round((from + to) / 2)}" text-anchor="middle"`
    : `class="term outside" x="${round(to + 3)}"`
  return `${shape}<text ${words} y="${y + LANE / 2 + 4}">${term}</text>`
}

const OUTCOMES = ['ok', 'fail', 'info'] as const

/** Ends of operations in each column; an unanswered one counts where it began. */
function drawCounts(
  name: string,
  operations: readonly Operation[],
  axis: Axis,
  top: number,
): string {
  const bucketNs = axis.endNs / BUCKETS
  const buckets = groupBy(operations, ({ invokedNs, returnedNs }) =>
    Math.min(
      BUCKETS - 1,
      Math.floor((returnedNs === Infinity ? invokedNs : returnedNs) / bucketNs),
    ),
  )
  const most = Math.max(1, ...[...buckets.values()].map((of) => of.length))
  const height = BARS - 12
  let text = laneName(name, top + height - 2)
  for (const [at, of] of buckets) {
    let y = top + height
    for (const outcome of OUTCOMES) {
      const count = of.filter((one) => one.outcome === outcome).length
      if (count === 0) continue
      const tall = (count / most) * height
      y -= tall
      const [from, to] = [axis.x(at * bucketNs), axis.x((at + 1) * bucketNs) - 0.8]
      text += box({ className: outcome, from, to, y, height: tall, title: `${count} ${outcome}` })
    }
  }
  const x = round(axis.x(axis.endNs))
  return `${text}<line class="grid" x1="${axis.x(0)}" x2="${x}" y1="${top + height}" y2="${top + height}"/>`
}
