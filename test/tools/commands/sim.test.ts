import t from 'tap'
import { fakeIo } from '#test/support/fake-io.ts'
import { main } from '#tools/main.ts'

// On a busy machine runs take their time.
t.setTimeout(170_000)

t.test('a wrong command line is one clear line and exit 2', async (t) => {
  const cases = [
    ['sim --seed x', /--seed must be a whole number/],
    ['sim --seeds 0', /--seeds must be a whole number above 0/],
    ['sim --nodes 4', /--nodes must be one of 3, 5/],
    ['sim --ticks 1.5', /--ticks must be a whole number above 0/],
    ['sim --seed 1 --seeds 2', /give --seed to repeat one, or --seeds for many/],
    ['sim --mutants --seeds 2', /--mutants decides about --seeds itself/],
    ['sim --nope', /Unknown option '--nope'/],
    ['sim 7', /unexpected argument '7'/],
  ] as const
  for (const [words, expected] of cases) {
    const io = fakeIo()
    t.equal(await main(words.split(' '), io), 2, words)
    t.same(io.printed, [])
    t.equal(io.complained.length, 1)
    t.match(io.complained[0], expected)
  }
})

t.test('one seed is run and told as one line of JSON', async (t) => {
  const io = fakeIo()
  t.equal(await main('sim --seed 4 --ticks 300 --json'.split(' '), io), 0)
  t.equal(io.printed.length, 1)
  const told = JSON.parse(io.printed[0] ?? '') as Record<string, unknown>
  t.match(told, { verdict: 'pass', seeds: 1, failure: null })
  t.ok(Number(told['committed']) > 0)
  t.ok(Number(told['ticks_per_second']) > 0)
})

t.test('a run too short for any fault to happen is no pass', async (t) => {
  const io = fakeIo()
  t.equal(await main('sim --seed 0 --ticks 1 --json'.split(' '), io), 9)
  t.match(JSON.parse(io.printed[0] ?? ''), { verdict: 'could not tell' })
})
