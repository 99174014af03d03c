import t from 'tap'
import { checkEvents, type SeenEvent } from '#chaos/checkers/event-order.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, write } from '../support/operations.ts'

const seen = (revision: number, digest = `d${revision}`): SeenEvent => ({
  ...{ revision, digest, markers: [`m${revision}`] },
})
const watch = (key: string, events: readonly SeenEvent[], startedOver = false): Operation =>
  operation('watch', [0, 1], { key, output: { events, startedOver } })

const CASES: readonly {
  readonly name: string
  readonly history: readonly Operation[]
  readonly says: RegExp
}[] = [
  {
    name: 'all hear all',
    history: [
      watch('s1', [seen(1), seen(2)]),
      watch('s2', [seen(1), seen(2)]),
      write('m2', [0, 1]),
    ],
    says: /no gap, none twice/,
  },
  {
    name: 'resumed in the middle',
    history: [
      ...[watch('s1', [seen(1)]), watch('s1', [seen(2), seen(3)])],
      watch('s2', [seen(1), seen(2), seen(3)]),
    ],
    says: /no gap/,
  },
  {
    name: 'a gap where it resumed',
    history: [
      ...[watch('s1', [seen(1)]), watch('s1', [seen(3)])],
      watch('s2', [seen(1), seen(2), seen(3)]),
    ],
    says: /s1 never heard of revision 2/,
  },
  {
    name: 'a gap where it was told to start over',
    history: [
      ...[watch('s1', [seen(1)]), watch('s1', [seen(3)], true)],
      watch('s2', [seen(1), seen(2), seen(3)]),
    ],
    says: /no gap/,
  },
  {
    name: 'one told twice',
    history: [watch('s1', [seen(1), seen(2)]), watch('s1', [seen(2), seen(3)])],
    says: /revision 2 came again/,
  },
  {
    name: 'out of order',
    history: [watch('s1', [seen(2), seen(1)])],
    says: /revision 1 came again/,
  },
  {
    name: 'two contents',
    history: [watch('s1', [seen(1)]), watch('s2', [seen(1, 'other')])],
    says: /revision 1 was told in two ways/,
  },
  {
    name: 'an acknowledged write nobody heard of',
    history: [watch('s1', [seen(1)]), write('m9', [0, 1])],
    says: /m9 was acknowledged, and s1 never heard of it/,
  },
]

for (const { name, history, says } of CASES) {
  t.test(`events: ${name}`, async (t) => {
    const { summary, verdict } = checkEvents(history)
    t.match(summary, says)
    t.equal(verdict, summary.includes('no gap') ? 'pass' : 'fail')
  })
}

t.test('a stream that brought nothing shows nothing', async (t) => {
  t.equal(checkEvents([watch('s1', [])]).verdict, 'could not tell')
})
