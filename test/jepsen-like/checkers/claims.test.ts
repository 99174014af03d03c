import t from 'tap'
import { checkClaims } from '#chaos/checkers/claims.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, type Span } from '../support/operations.ts'

const allocate = (coin: string, machine: string | null, span: Span): Operation =>
  operation('allocate', span, { key: null, input: { coin }, output: machine })
const release = (coin: string, key: string, span: Span, more: object = {}): Operation =>
  operation('release', span, { key, input: { coin }, output: null, ...more })
const find = (coin: string, output: readonly string[], span: Span): Operation =>
  operation('read', span, { key: null, input: { coin }, output })
const claimed = (output: readonly string[], span: Span): Operation =>
  operation('read', span, { key: null, input: null, output })

const CASES: readonly {
  readonly name: string
  readonly history: readonly Operation[]
  readonly verdict: string
  readonly says: RegExp
}[] = [
  {
    name: 'one after the other, two side by side',
    history: [
      ...[allocate('c1', 'A', [0, 2]), allocate('c2', 'B', [1, 3]), find('c1', ['A'], [4, 5])],
      ...[release('c1', 'A', [6, 7]), allocate('c3', 'A', [8, 9]), claimed(['A', 'B'], [10, 11])],
      find('c1', [], [10, 11]),
    ],
    ...{ verdict: 'pass', says: /3 claims of 2 machines/ },
  },
  {
    name: 'given while it is being given back',
    history: [
      ...[allocate('c1', 'A', [0, 1]), release('c1', 'A', [2, 9]), allocate('c2', 'A', [3, 5])],
      claimed(['A'], [10, 11]),
    ],
    ...{ verdict: 'pass', says: /each by one/ },
  },
  {
    name: 'two at once',
    history: [
      ...[allocate('c1', 'A', [0, 1]), allocate('c2', 'A', [2, 3]), release('c1', 'A', [4, 5])],
      claimed(['A'], [6, 7]),
    ],
    ...{ verdict: 'fail', says: /^A was claimed by two/ },
  },
  {
    name: 'an unanswered allocation explains a claimed machine, once its name is found on it',
    history: [
      ...[allocate('c0', 'A', [0, 1]), release('c0', 'A', [2, 3]), allocate('c1', null, [4])],
      ...[claimed(['A'], [6, 7]), find('c1', ['A'], [8, 9])],
    ],
    ...{ verdict: 'pass', says: /1 claims/ },
  },
  {
    name: 'claimed by nobody',
    history: [...[allocate('c0', 'A', [0, 1]), release('c0', 'A', [2, 3]), claimed(['A'], [6, 7])]],
    ...{ verdict: 'fail', says: /^A was/ },
  },
  {
    name: 'a claim that was lost',
    history: [allocate('c0', 'A', [0, 1]), claimed([], [2, 3])],
    ...{ verdict: 'fail', says: /^A was/ },
  },
  {
    name: 'a stale read of a coin',
    history: [
      ...[allocate('c0', 'A', [0, 1]), release('c0', 'A', [2, 3]), find('c0', ['A'], [4, 5])],
      claimed([], [6, 7]),
    ],
    ...{ verdict: 'fail', says: /^A was/ },
  },
  {
    name: 'an unanswered release may have been done, or not',
    history: [
      ...[allocate('c0', 'A', [0, 1]), release('c0', 'A', [2]), claimed(['A'], [4, 5])],
      ...[claimed([], [6, 7]), allocate('c1', 'A', [8, 9])],
    ],
    ...{ verdict: 'pass', says: /2 claims/ },
  },
  {
    name: 'one that could not be given back',
    history: [
      allocate('c0', 'A', [0, 1]),
      ...[release('c0', 'A', [2, 3], { outcome: 'fail', output: '409' }), claimed([], [4, 5])],
    ],
    ...{ verdict: 'fail', says: /A could not be given back/ },
  },
  {
    name: 'one allocation, two machines',
    history: [allocate('c0', 'A', [0, 1]), find('c0', ['A', 'B'], [2, 3])],
    ...{ verdict: 'fail', says: /two machines/ },
  },
  { name: 'nothing', history: [], ...{ verdict: 'could not tell', says: /ever given/ } },
  {
    name: 'nothing read',
    history: [allocate('c0', 'A', [0, 1])],
    ...{ verdict: 'could not tell', says: /never read/ },
  },
]

for (const { name, history, verdict, says } of CASES) {
  t.test(name, async (t) => {
    const finding = checkClaims(history, 5_000)
    t.equal(finding.verdict, verdict, finding.summary)
    t.match(finding.summary, says)
  })
}

t.test('the part that is shown ends where the history first cannot be', async (t) => {
  const before = Array.from({ length: 5 }, (_, at) => [
    allocate(`b${at}`, 'A', [at * 10, at * 10 + 1]),
    release(`b${at}`, 'A', [at * 10 + 2, at * 10 + 3]),
  ]).flat()
  const bad = [allocate('x', 'A', [100, 101]), allocate('y', 'A', [102, 103])]
  const later = [claimed(['A'], [200, 201])]
  const { smallest } = checkClaims([...before, ...bad, ...later], 5_000)
  t.equal(smallest.at(-1)?.invokedNs, 102)
})
