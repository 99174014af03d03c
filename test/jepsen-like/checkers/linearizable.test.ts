import fc from 'fast-check'
import t from 'tap'
import { checkLinearizable, REFUSED } from '#chaos/checkers/linearizable.ts'
import { checkRegisters, REGISTER } from '#chaos/checkers/register.ts'
import type { Operation } from '#chaos/history.ts'
import { cas, read, write } from '../support/operations.ts'

type Case = {
  readonly name: string
  readonly history: readonly Operation[]
  readonly good: boolean
}

const CASES: readonly Case[] = [
  { name: 'nothing', history: [], good: true },
  { name: 'a read of what was never written', history: [read(null, [0, 1])], good: true },
  { name: 'a read after a write', history: [write('a', [0, 1]), read('a', [2, 3])], good: true },
  { name: 'a stale read', history: [write('a', [0, 1]), read(null, [2, 3])], good: false },
  {
    name: 'a read of the old value while a write is under way',
    history: [write('a', [0, 5]), read(null, [1, 2])],
    good: true,
  },
  {
    name: 'the old value after the new one was seen, the write still under way',
    history: [write('a', [0, 9]), read('a', [1, 2]), read(null, [3, 4])],
    good: false,
  },
  {
    name: 'two concurrent writes seen in one order by all',
    history: [
      ...[write('a', [0, 9]), write('b', [0, 9])],
      ...[read('b', [1, 2]), read('a', [3, 4]), read('a', [10, 11])],
    ],
    good: true,
  },
  {
    name: 'two concurrent writes seen in both orders',
    history: [
      ...[write('a', [0, 9]), write('b', [0, 9])],
      ...[read('b', [1, 2]), read('a', [3, 4]), read('b', [5, 6])],
    ],
    good: false,
  },
  {
    name: 'an unanswered write that takes effect later',
    history: [write('a', [0, 1]), write('b', [2]), read('a', [3, 4]), read('b', [5, 6])],
    good: true,
  },
  {
    name: 'an unanswered write that never takes effect',
    history: [write('a', [0, 1]), write('b', [2]), read('a', [3, 4]), read('a', [5, 6])],
    good: true,
  },
  {
    name: 'an unanswered write that comes and goes',
    history: [...[write('a', [0, 1]), write('b', [2])], ...[read('b', [3, 4]), read('a', [5, 6])]],
    good: false,
  },
  {
    name: 'a read before the write began',
    history: [read('a', [0, 1]), write('a', [2, 3])],
    good: false,
  },
  {
    name: 'touching at one instant counts as concurrent',
    history: [write('a', [0, 5]), read(null, [5, 6])],
    good: true,
  },
  {
    name: 'one compare-and-set of two takes place',
    history: [...[cas(null, 'a', true, [0, 5]), cas(null, 'b', false, [0, 5])], read('a', [6, 7])],
    good: true,
  },
  {
    name: 'both compare-and-sets take place',
    history: [cas(null, 'a', true, [0, 5]), cas(null, 'b', true, [0, 5])],
    good: false,
  },
  {
    name: 'a lost acknowledged write',
    history: [write('a', [0, 1]), write('b', [2, 3]), read('a', [4, 5])],
    good: false,
  },
]

for (const { name, history, good } of CASES) {
  t.test(`${name} is ${good ? '' : 'not '}linearizable`, async (t) => {
    const expected = good ? 'linearizable' : 'not linearizable'
    t.equal(checkLinearizable(history, REGISTER), expected)
  })
}

/** Every order of every subset that may have happened, tried one by one. */
function byBruteForce(history: readonly Operation[], state: string | null = null): boolean {
  if (history.every(({ returnedNs }) => returnedNs === Infinity)) return true
  return history.some((next) => {
    const others = history.filter((one) => one !== next)
    if (others.some(({ returnedNs }) => returnedNs < next.invokedNs)) return false
    const after = REGISTER.step(state, next)
    return after !== REFUSED && byBruteForce(others, after)
  })
}

const values = fc.constantFrom('a', 'b', 'c')
const kinds = fc.oneof(
  values.map((input) => write(input, [0, 1])),
  fc.option(values, { nil: null }).map((output) => read(output, [0, 1])),
  fc
    .tuple(fc.option(values, { nil: null }), values, fc.boolean())
    .map(([from, to, took]) => cas(from, to, took, [0, 1])),
)
const operations = fc
  .tuple(kinds, fc.nat(20), fc.nat(8), fc.nat(3))
  .map(
    ([one, start, length, lost]): Operation =>
      lost === 0 && one.f !== 'read'
        ? { ...one, invokedNs: start, returnedNs: Infinity, outcome: 'info', output: null }
        : { ...one, invokedNs: start, returnedNs: start + length },
  )

t.test('agrees with trying every order', async (t) => {
  let good = 0
  let bad = 0
  fc.assert(
    fc.property(fc.array(operations, { maxLength: 6 }), (history) => {
      const expected = byBruteForce(history)
      if (expected) good++
      else bad++
      return (
        checkLinearizable(history, REGISTER) === (expected ? 'linearizable' : 'not linearizable')
      )
    }),
    { numRuns: 3_000 },
  )
  t.ok(good > 300 && bad > 300, `both kinds were tried: ${good} good, ${bad} bad`)
})

t.test('a search that runs out of time is unknown, and unknown is no pass', async (t) => {
  const concurrent = Array.from({ length: 60 }, (_, i) => write(`v${i}`, [0, 100]))
  const reads = [read('v1', [101, 102]), read('v2', [103, 104])]
  t.equal(
    checkLinearizable([...concurrent, ...reads], REGISTER, () => true),
    'unknown',
  )
  t.equal(checkRegisters([...concurrent, ...reads], 0).verdict, 'fail')
})

t.test('a long history of many clients is judged in well under a second', async (t) => {
  const history = Array.from({ length: 2_000 }, (_, i) =>
    i % 2 === 0 ? write(`v${i}`, [i, i + 1.5]) : read(`v${i - 1}`, [i, i + 1.5]),
  )
  const began = performance.now()
  t.equal(checkLinearizable(history, REGISTER), 'linearizable')
  t.ok(performance.now() - began < 2_000)
})
