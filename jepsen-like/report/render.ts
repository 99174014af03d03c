// The report of a run as one HTML file that needs nothing else: no script, no font, no image, no network. Pure.
import { operationsOf, type Operation } from '../history.ts'
import { faultName } from '../nemesis.ts'
import type { RunResult } from '../run.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { drawLatency, latencyWords } from './latency.ts'
import { escapeHtml, makeAxis } from './markup.ts'
import { drawSmallest } from './smallest.ts'
import { STYLE } from './style.ts'
import { drawTimeline } from './timeline.ts'

export type ReportHead = {
  readonly seed: number
  /** ISO 8601. */
  readonly date: string
  /** How to run it again. */
  readonly commandLine: string
}

export function renderReport(result: RunResult, head: ReportHead): string {
  const workloads = new Map<string, readonly Operation[]>(
    [...result.histories].map(([name, events]) => [name, operationsOf(events)]),
  )
  const all = [...workloads.values()].flat()
  const axis = makeAxis(endOf(result, all))
  const { nodes, faults, sightings } = result
  const timeline = drawTimeline({ nodes, faults, sightings, workloads }, axis)
  const sections = [
    section('Verdicts', verdictTable(result.findings)),
    ...result.findings.filter(({ smallest }) => smallest.length > 0).map(failureSection),
    section('Timeline', `${TIMELINE_LEGEND}<figure>${timeline}</figure>`),
    section('Latency', latencySection(workloads, drawLatency(all, faults, axis))),
    section('Faults', faultTable(result)),
  ]
  const title = `Ironraft chaos: ${result.verdict}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${POLICY}
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
<header><h1>Ironraft chaos</h1>${badge(result.verdict)}
<p>${headLine(result, all.length, head)}<br>
<code>${escapeHtml(head.commandLine)}</code></p></header>
${sections.join('\n')}
</main></body>
</html>
`
}

/** Also a reader's browser must not be led to load anything. */
const POLICY = `<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'">`

function headLine(result: RunResult, operations: number, head: ReportHead): string {
  return [
    `seed ${head.seed}`,
    `${result.nodes.length} regions`,
    `${result.faults.length} faults`,
    `${operations} operations`,
    escapeHtml(head.date),
  ].join(' · ')
}

/** Of what is drawn: the last answer, fault or sighting. */
function endOf({ faults, sightings }: RunResult, operations: readonly Operation[]): number {
  const answered = operations.map(({ returnedNs }) => returnedNs).filter((ns) => ns !== Infinity)
  const times = [...answered, ...faults.map((one) => one.untilNs), sightings.at(-1)?.timeNs ?? 0]
  return times.reduce((a, b) => Math.max(a, b), 1)
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`
}

function classOf(verdict: Verdict): string {
  return verdict === 'could not tell' ? 'unsure' : verdict
}

function badge(verdict: Verdict): string {
  return `<span class="verdict ${classOf(verdict)}">${verdict}</span>`
}

function verdictTable(findings: readonly Finding[]): string {
  const rows = findings.map(
    ({ name, verdict, summary }) =>
      `<tr><td>${escapeHtml(name)}</td><td class="${classOf(verdict)}">${verdict}</td><td>${escapeHtml(summary)}</td></tr>`,
  )
  const head = '<tr><th>What</th><th>Verdict</th><th>Because</th></tr>'
  return `<table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table>`
}

function failureSection({ name, summary, smallest }: Finding): string {
  const text = `<p>${escapeHtml(summary)}</p>${drawSmallest(smallest)}`
  return section(`Smallest failing part: ${name}`, text)
}

const SWATCH = (colour: string, words: string): string =>
  `<li><i style="background:var(--${colour})"></i>${words}</li>`

const OUTCOME_LEGEND = [
  SWATCH('ok', 'acknowledged'),
  SWATCH('fail', 'certainly not done'),
  SWATCH('info', 'no answer'),
].join('')

const TIMELINE_LEGEND = `<ul class="legend">${SWATCH('leader', 'leader, with its term')}${SWATCH(
  'hit',
  'hit by a fault',
)}${OUTCOME_LEGEND}<li>★ the leader was among the targets</li></ul>`

function latencySection(
  workloads: ReadonlyMap<string, readonly Operation[]>,
  picture: string,
): string {
  const rows = [...workloads].map(
    ([name, operations]) =>
      `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(latencyWords(operations))}</td></tr>`,
  )
  return `<ul class="legend">${OUTCOME_LEGEND}</ul><figure>${picture}</figure><table><tbody>${rows.join('')}</tbody></table>`
}

function faultTable({ faults }: RunResult): string {
  if (faults.length === 0) return '<p class="note">No fault was injected.</p>'
  const rows = faults.map((fault) => {
    const times = `${seconds(fault.fromNs)} – ${seconds(fault.untilNs)} s`
    const cells = [
      faultName(fault),
      fault.targets.join(', '),
      fault.leaderBefore ?? 'nobody',
      fault.detail,
    ]
    return `<tr><td class="number">${times}</td>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  const head = ['When', 'Fault', 'Targets', 'Led before', 'Detail']
  return `<table><thead><tr>${head.map((one) => `<th>${one}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(1)
}
