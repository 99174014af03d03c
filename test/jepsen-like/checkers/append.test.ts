import t from 'tap'
import { checkAppends } from '#chaos/checkers/append.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, type Span } from '../support/operations.ts'

const append = (input: string, span: Span, outcome?: 'fail'): Operation =>
  operation('append', span, { input, ...(outcome === undefined ? {} : { outcome }) })
const list = (elements: string, span: Span): Operation =>
  operation('read', span, { output: elements.split('') })

const [a, b] = [append('a', [0, 1]), append('b', [2, 3])]
const CASES: readonly {
  readonly name: string
  readonly history: readonly Operation[]
  readonly says: RegExp
}[] = [
  { name: 'in order', history: [a, b, list('ab', [4, 5])], says: /^2 elements in one order/ },
  { name: 'never read', history: [a, b], says: /never read/ },
  { name: 'lost', history: [a, b, list('a', [4, 5])], says: /b was acknowledged and is gone/ },
  {
    name: 'unanswered, and there',
    history: [a, append('c', [2]), list('ac', [4, 5])],
    says: /one order/,
  },
  {
    name: 'unanswered, and not there',
    history: [a, append('c', [2]), list('a', [4, 5])],
    says: /one order/,
  },
  {
    name: 'refused, and there',
    history: [a, append('c', [2, 3], 'fail'), list('ac', [4, 5])],
    says: /c was refused and is in the list/,
  },
  { name: 'out of thin air', history: [a, list('ax', [4, 5])], says: /nobody appended it/ },
  { name: 'twice', history: [a, b, list('aba', [4, 5])], says: /a is in the list twice/ },
  {
    name: 'two orders',
    history: [append('a', [0, 9]), append('b', [0, 9]), list('ab', [10, 11]), list('ba', [12, 13])],
    says: /different orders/,
  },
  {
    name: 'against real time',
    history: [a, b, list('ba', [4, 5])],
    says: /a was acknowledged before b began, and follows it/,
  },
  {
    name: 'a read that goes back',
    history: [append('a', [0, 90]), list('a', [1, 2]), list('', [3, 4])],
    says: /saw less than one that had ended/,
  },
  {
    name: 'a concurrent read that sees less',
    history: [append('a', [0, 90]), list('a', [1, 4]), list('', [2, 3])],
    says: /one order/,
  },
]

for (const { name, history, says } of CASES) {
  t.test(`a list: ${name}`, async (t) => {
    const { summary, verdict } = checkAppends(history)
    t.match(summary, says)
    const good = /one order$|in one order/.test(summary)
    const expected = good ? 'pass' : /never read/.test(summary) ? 'could not tell' : 'fail'
    t.equal(verdict, expected)
  })
}
