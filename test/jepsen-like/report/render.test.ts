import t from 'tap'
import { type HistoryEvent, operationsOf } from '#chaos/history.ts'
import type { FaultRecord } from '#chaos/nemesis.ts'
import type { Sighting } from '#chaos/observer.ts'
import { renderReport } from '#chaos/report/render.ts'
import { makeAxis } from '#chaos/report/markup.ts'
import { drawTimeline, leaderships } from '#chaos/report/timeline.ts'
import type { RunResult } from '#chaos/run.ts'
import { fail, pass } from '#chaos/verdict.ts'

const HOSTILE = '<script>alert("x")</script>&'
const head = { seed: 42, date: '2026-11-27T00:00:00.000Z', commandLine: 'ironraft chaos --seed 42' }

const event = (more: Partial<HistoryEvent>): HistoryEvent => ({
  ...{ process: 1, type: 'invoke', f: 'write', key: 'x', value: HOSTILE, time_ns: 1e9 },
  ...more,
})
const events: readonly HistoryEvent[] = [
  event({}),
  event({ type: 'ok', value: null, time_ns: 1.2e9 }),
  event({ process: 2, f: 'read', value: null, time_ns: 2e9 }),
  event({ process: 2, f: 'read', type: 'info', value: HOSTILE, time_ns: 3e9 }),
]
const fault: FaultRecord = {
  ...{ nemesis: 'kill', variant: 'one', leader: 'leader in', targets: ['node-1'] },
  ...{ detail: `SIGKILL of ${HOSTILE}`, leaderBefore: 'node-1', fromNs: 2e9, untilNs: 4e9 },
}
const sighting = (timeNs: number, term: number, role = 'leader'): Sighting => ({
  ...{ timeNs, term, role, node: 'node-1' },
})
const result: RunResult = {
  verdict: 'fail',
  findings: [
    fail('register', `${HOSTILE} is not linearizable`, operationsOf(events)),
    pass('recovery', 'all is well'),
  ],
  histories: new Map([['register', events]]),
  faults: [fault],
  sightings: [sighting(0, 3), sighting(2e9, 3), sighting(5e9, 4)],
  nodes: ['node-1', 'node-2', 'node-3'],
}

t.test('the report needs nothing but itself', async (t) => {
  const html = renderReport(result, head)
  t.match(html, /^<!doctype html>/)
  for (const forbidden of [/<script/i, /<link/i, /<img/i, /<iframe/i, /\bsrc=/i, /\bhref=/i]) {
    t.notMatch(html, forbidden)
  }
  t.notMatch(html, /https?:\/\//)
  t.notMatch(html, /url\(|@import/)
  t.match(html, /prefers-color-scheme: dark/)
  t.match(html, /default-src 'none'/)
})

t.test('whatever a process said is text, not markup', async (t) => {
  const html = renderReport(result, head)
  t.notMatch(html, HOSTILE)
  t.match(html, '&lt;script&gt;')
})

t.test(
  'it shows verdicts, faults, leaders with terms, and the smallest failing part',
  async (t) => {
    const html = renderReport(result, head)
    for (const shown of [
      ...['seed 42', 'ironraft chaos --seed 42', 'kill one (leader in)', 'leader of term 3'],
      ...['leader of term 4', 'Smallest failing part: register', 'all is well', 'median 200 ms'],
    ]) {
      t.match(html, shown)
    }
    t.equal(html.match(/<circle/g)?.length, 1, 'the answered operation has a latency')
    for (const tag of ['section', 'table', 'svg', 'figure', 'tr', 'td', 'text', 'ol', 'li']) {
      const opened = html.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0
      t.equal(html.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0, opened, `<${tag}> is closed`)
    }
  },
)

t.test('names stand where they have room, lanes by number, racks last', async (t) => {
  const fault = (fromNs: number, target: string): FaultRecord => ({
    ...{ nemesis: 'kill', variant: target, leader: null, detail: '', leaderBefore: null },
    ...{ targets: [target], fromNs, untilNs: fromNs + 1 },
  })
  const faults = [
    fault(1, 'node-10'),
    fault(2, 'rack-1'),
    fault(600, 'node-9'),
    fault(900, 'node-2'),
  ]
  const drawn = drawTimeline(
    { nodes: ['node-3', 'node-1'], faults, sightings: [], workloads: new Map() },
    makeAxis(1_000),
  )
  const texts = (className: string) =>
    [...drawn.matchAll(new RegExp(`class="${className}"[^>]*>([^<]*)<`, 'g'))].map(
      ([, text]) => text,
    )
  t.same(texts('fault-name'), ['kill node-10', 'kill node-9', 'kill node-2'])
  t.same(texts('lane'), ['node-1', 'node-2', 'node-3', 'node-9', 'node-10', 'rack-1'])
})

t.test('a run of nothing is a report too', async (t) => {
  const nothing = { histories: new Map(), faults: [], sightings: [], nodes: [] }
  const html = renderReport({ ...nothing, verdict: 'could not tell', findings: [] }, head)
  t.match(html, 'could not tell')
  t.notMatch(html, /NaN|Infinity|undefined/)
  t.notMatch(renderReport(result, head), /NaN|Infinity|undefined/)
})

t.test('sightings of one leader are one span, and a break ends it', async (t) => {
  t.same(
    leaderships([sighting(1, 2), sighting(2, 2), sighting(3, 2, 'follower'), sighting(4, 5)]),
    [
      { term: 2, fromNs: 1, untilNs: 2 },
      { term: 5, fromNs: 4, untilNs: 4 },
    ],
  )
  t.same(leaderships([sighting(1, 2), sighting(2, 3)]).length, 2, 'another term is another span')
})
