import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CHECKERS } from '#tools/sim/checkers/all.ts'
import { mutate } from '#tools/sim/mutants/mutant.ts'
import { REGION_MUTANTS } from '#tools/sim/mutants/region-mutants.ts'
import { runRegionMutants } from '#tools/sim/mutants/sim-mutants.ts'

// On a busy machine the children take their time.
t.setTimeout(170_000)

const ROOT = join(import.meta.dirname, '..', '..', '..', '..')
/** Not checkers of their own: the product's assertions, lost promises, messages as bytes, and the end of a run. */
const BESIDES = ['assertion', 'rejection', 'liveness', 'codec', 'state-hash']
const HANDFUL = ['ack-before-sync', 'applies-uncommitted', 'hold-not-seen', 'random-in-apply']

t.test('no mutant is stale, and each is one of a kind', (t) => {
  for (const mutant of REGION_MUTANTS) {
    const source = readFileSync(join(ROOT, mutant.file), 'utf8')
    t.not(mutate(mutant, source), source, mutant.name)
  }
  t.equal(new Set(REGION_MUTANTS.map(({ name }) => name)).size, REGION_MUTANTS.length)
  t.ok(REGION_MUTANTS.length >= 25)
  t.end()
})

t.test('every mutant names checkers that exist', (t) => {
  const context = { fail: () => {} } as never
  const names = [...CHECKERS.map((make) => make(context).name), ...BESIDES]
  for (const { name, caughtBy } of REGION_MUTANTS) {
    t.ok(
      caughtBy.every((checker) => names.includes(checker)),
      name,
    )
  }
  t.end()
})

t.test('a handful of mutants is caught by the checkers meant for them', async (t) => {
  const results = await runRegionMutants({ only: HANDFUL, onResult: () => {} })
  t.equal(results.length, HANDFUL.length)
  for (const { name, result, detail } of results) t.equal(result, 'caught', `${name}: ${detail}`)
})
