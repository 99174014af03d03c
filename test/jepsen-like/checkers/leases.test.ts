import t from 'tap'
import { checkLeases } from '#chaos/checkers/leases.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, type Span } from '../support/operations.ts'

const S = 1e9
const lease = (mac: string, ip: string, [from, to]: Span): Operation =>
  operation('lease', [from * S, (to ?? 0) * S], { input: { mac }, output: { ip, seconds: 30 } })

const CASES: readonly {
  readonly name: string
  readonly history: readonly Operation[]
  readonly good: boolean
}[] = [
  {
    name: 'two clients, two addresses',
    history: [lease('m1', 'A', [0, 1]), lease('m2', 'B', [0, 1])],
    good: true,
  },
  {
    name: 'two clients, one address',
    history: [lease('m1', 'A', [0, 1]), lease('m2', 'A', [5, 6])],
    good: false,
  },
  {
    name: 'the same client again',
    history: [lease('m1', 'A', [0, 1]), lease('m1', 'A', [5, 6])],
    good: true,
  },
  {
    name: 'another one when the lease is over',
    history: [lease('m1', 'A', [0, 1]), lease('m2', 'A', [29, 31])],
    good: true,
  },
  {
    name: 'another one a moment before it is over',
    history: [lease('m1', 'A', [0, 1]), lease('m2', 'A', [28, 29])],
    good: false,
  },
  {
    name: 'another one when the first lease is over but was renewed',
    history: [lease('m1', 'A', [0, 1]), lease('m1', 'A', [20, 21]), lease('m2', 'A', [40, 41])],
    good: false,
  },
]

for (const { name, history, good } of CASES) {
  t.test(`leases: ${name}`, async (t) => {
    t.equal(checkLeases(history).verdict, good ? 'pass' : 'fail')
  })
}

t.test('when nobody was given an address, nothing is shown', async (t) => {
  const unanswered = operation('lease', [0, 1], { input: { mac: 'm1' }, outcome: 'fail' })
  t.equal(checkLeases([unanswered]).verdict, 'could not tell')
  t.match(checkLeases([unanswered, lease('m1', 'A', [2, 3])]).summary, /1 times nobody answered/)
})
