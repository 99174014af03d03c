import { join } from 'node:path'
import t from 'tap'
import { type Mutant, mutate } from '#tools/sim/mutants/mutant.ts'
import { runMutants } from '#tools/sim/mutants/run.ts'
import { runChild } from '#tools/sim/mutants/spawn.ts'

// On a busy machine the children take their time.
t.setTimeout(170_000)

const QUORUM_OF_ONE: Mutant = {
  name: 'quorum-of-one',
  file: 'cluster/raft/quorum.ts',
  find: 'return Math.floor(count / 2) + 1',
  replace: 'return 1',
  why: 'anybody commits alone',
  caughtBy: ['commit'],
  seedsMax: 1,
}
const run = (mutant?: Mutant) =>
  runChild({
    script: join(import.meta.dirname, 'print-quorum.ts'),
    args: [],
    timeoutMs: 60_000,
    ...(mutant && { mutant }),
  })

t.test('a child loads the source with the mutant in place, and only then', async (t) => {
  t.same(await run(), { type: 'answer', answer: { quorum: 2 } })
  t.same(await run(QUORUM_OF_ONE), { type: 'answer', answer: { quorum: 1 } })
})

t.test('a passage that is not there exactly once is stale, never a silent pass', async (t) => {
  t.throws(() => mutate(QUORUM_OF_ONE, 'a'), /0 times/)
  t.throws(() => mutate({ ...QUORUM_OF_ONE, find: 'a' }, 'a b a'), /2 times/)
  const result = await run({ ...QUORUM_OF_ONE, find: 'return Math.ceil(count / 2)' })
  t.match(result, { type: 'noAnswer', why: /stale: its passage is 0 times/ })
})

t.test('a mutant in a file that the child never loads is no answer', async (t) => {
  const result = await run({ ...QUORUM_OF_ONE, file: 'cluster/raft/leader.ts', find: 'x' })
  t.match(result, { type: 'noAnswer', why: /never loaded/ })
})

t.test('only the checker that was meant counts as the catch', async (t) => {
  const results = await runMutants({
    mutants: [QUORUM_OF_ONE, { ...QUORUM_OF_ONE, name: 'other', caughtBy: ['election'] }],
    script: join(import.meta.dirname, 'print-verdict.ts'),
    args: () => [],
    ...{ timeoutMs: 60_000, onResult: () => {}, nowMs: () => 0 },
  })
  t.match(results, [
    { name: 'quorum-of-one', result: 'caught', detail: 'seed 3: commit: a quorum of 1' },
    { name: 'other', result: 'couldNotTell', detail: /^not by election: / },
  ])
})

t.test('a mutant that breaks the syntax is no answer', async (t) => {
  const result = await run({ ...QUORUM_OF_ONE, replace: 'return ((' })
  t.equal(result.type, 'noAnswer')
})
