import t from 'tap'
import { fakeIo } from '#test/support/fake-io.ts'
import { main } from '#tools/main.ts'

t.setTimeout(150_000)

t.test(
  'one seed is repeated with its trace, and the verdict is the exit code',
  { timeout: 120_000 },
  async (t) => {
    const io = fakeIo()
    t.equal(await main(['sim', 'lease', '--seed', '1', '--json'], io), 0)
    const answer = JSON.parse(io.printed[0] ?? '') as Record<string, unknown>
    t.match(answer, { verdict: 'pass', seeds: 1, failure: null })
    t.ok(Number(answer['commands']) > 100)
  },
)

t.test('what contradicts itself is one line and exit 2', async (t) => {
  for (const words of ['--seed 1 --seeds 2', '--mutants --seeds 2', '--seeds none']) {
    const io = fakeIo()
    t.equal(await main(['sim', 'lease', ...words.split(' ')], io), 2, words)
    t.equal(io.complained.length, 1)
  }
})
