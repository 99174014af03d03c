// The smallest part of a history that shows a failure: each operation from its call to its answer, a lane for each
// process, and the same as words.
import { describeOperation, type Operation } from '../history.ts'
import { box, drawing, escapeHtml, laneName, LEFT, round, WIDTH } from './markup.ts'

const LANE = 30
/** More than this is no smallest part that anybody reads. */
const OPERATIONS_MAX = 40
const LABEL_CHARACTERS_MAX = 42

export function drawSmallest(operations: readonly Operation[]): string {
  const part = operations.slice(0, OPERATIONS_MAX)
  if (part.length === 0) return ''
  const processes = [...new Set(part.map(({ process }) => process))].toSorted((a, b) => a - b)
  const from = Math.min(...part.map(({ invokedNs }) => invokedNs))
  const ends = part.map(({ returnedNs }) => returnedNs).filter((ns) => ns !== Infinity)
  const to = Math.max(from + 1, ...ends, ...part.map(({ invokedNs }) => invokedNs))
  const x = (ns: number): number =>
    ns === Infinity ? WIDTH : LEFT + ((ns - from) / (to - from)) * (WIDTH - LEFT - 220)
  const shapes = part.map((one) => {
    const y = processes.indexOf(one.process) * LANE + 6
    const [left, right] = [x(one.invokedNs), x(one.returnedNs)]
    const words = describeOperation(one)
    const place = { from: left, to: right, y: y + 14, height: 7 }
    // Beside the right edge the words run to the left.
    const anchor = left > WIDTH - 330 ? ` text-anchor="end"` : ''
    const label = `<text x="${round(left)}" y="${y + 10}"${anchor}>${escapeHtml(shortWords(one))}</text>`
    return box({ className: one.outcome, ...place, title: words }) + label
  })
  const names = processes.map((process, at) => laneName(`process ${process}`, at * LANE + 26))
  const lines = part.map((one) => `<li>${escapeHtml(describeOperation(one))}</li>`).join('')
  const left = operations.length - part.length
  const more = left > 0 ? `<p class="note">and ${left} more</p>` : ''
  const picture = drawing(
    processes.length * LANE + 12,
    'Smallest failing part',
    [...names, ...shapes].join(''),
  )
  return `<figure>${picture}</figure><ol class="operations">${lines}</ol>${more}`
}

function shortWords({ f, input, output, outcome }: Operation): string {
  const given = input === null || input === undefined ? '' : ` ${wordsOf(input)}`
  const got =
    outcome === 'ok' && output !== null && output !== undefined ? ` → ${wordsOf(output)}` : ''
  const text = `${f}${given}${got}${outcome === 'ok' ? '' : ` (${outcome})`}`
  return text.length > LABEL_CHARACTERS_MAX ? `${text.slice(0, LABEL_CHARACTERS_MAX)}…` : text
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
