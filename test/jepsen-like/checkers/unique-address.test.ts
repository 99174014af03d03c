import t from 'tap'
import { checkAddresses } from '#chaos/checkers/unique-address.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, type Span } from '../support/operations.ts'

const reserve = (coin: string, ip: string | null, span: Span): Operation =>
  operation('reserve', span, { input: { coin }, output: ip })
const release = (coin: string, ip: string, span: Span, outcome?: 'fail'): Operation =>
  operation('release', span, { input: { coin, ip }, ...(outcome ? { outcome } : {}) })
const shows = (output: readonly string[], span: Span): Operation =>
  operation('read', span, { output })

const CASES: readonly {
  readonly name: string
  readonly history: readonly Operation[]
  readonly says: RegExp
}[] = [
  {
    name: 'one after the other',
    history: [
      ...[reserve('c1', 'A', [0, 1]), release('c1', 'A', [2, 3]), reserve('c2', 'A', [4, 5])],
      shows(['A'], [6, 7]),
    ],
    says: /none shared, none lost/,
  },
  {
    name: 'given while it is being given back',
    history: [
      ...[reserve('c1', 'A', [0, 1]), release('c1', 'A', [2, 9]), reserve('c2', 'A', [3, 5])],
      shows(['A'], [10, 11]),
    ],
    says: /none shared, none lost/,
  },
  {
    name: 'two at once',
    history: [
      ...[reserve('c1', 'A', [0, 1]), reserve('c2', 'A', [2, 3]), release('c1', 'A', [4, 5])],
      shows(['A'], [6, 7]),
    ],
    says: /A was held by two at once/,
  },
  {
    name: 'lost',
    history: [reserve('c1', 'A', [0, 1]), shows([], [2, 3])],
    says: /A was given and a read does not show it/,
  },
  {
    name: 'a giving back that finds nothing',
    history: [reserve('c1', 'A', [0, 1]), release('c1', 'A', [2, 3], 'fail'), shows([], [4, 5])],
    says: /it was lost/,
  },
  {
    name: 'shown after it was given back',
    history: [...[reserve('c1', 'A', [0, 1]), release('c1', 'A', [2, 3]), shows(['A'], [4, 5])]],
    says: /nobody can have held/,
  },
  {
    name: 'one unanswered reservation explains one address',
    history: [reserve('c1', 'A', [0, 1]), reserve('c2', null, [0]), shows(['A', 'B'], [2, 3])],
    says: /none shared, none lost/,
  },
  {
    name: 'one unanswered reservation does not explain two',
    history: [
      ...[reserve('c1', 'A', [0, 1]), reserve('c2', null, [0]), shows(['A', 'B', 'C'], [2, 3])],
    ],
    says: /nobody can have held/,
  },
  {
    name: 'an unanswered giving back explains both',
    history: [
      ...[reserve('c1', 'A', [0, 1]), release('c1', 'A', [2])],
      ...[shows(['A'], [4, 5]), shows([], [6, 7])],
    ],
    says: /none shared, none lost/,
  },
]

for (const { name, history, says } of CASES) {
  t.test(`addresses: ${name}`, async (t) => {
    const { summary, verdict } = checkAddresses(history, 'bank')
    t.match(summary, says)
    t.equal(verdict, summary.includes('none shared') ? 'pass' : 'fail')
  })
}

t.test('nothing given or nothing read is nothing shown', async (t) => {
  t.equal(checkAddresses([shows([], [0, 1])], 'bank').verdict, 'could not tell')
  t.equal(checkAddresses([reserve('c1', 'A', [0, 1])], 'bank').verdict, 'could not tell')
})
