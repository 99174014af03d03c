// The naive variants: all numbers of the model have an answer, none is stale, and a handful is caught right here
// (all of them: `ironraft sim --lease --mutants`).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { mutate } from '#tools/sim/mutants/mutant.ts'
import { EXCLUDED, LEASE_MUTANTS } from '#tools/sim/lease/mutants.ts'
import { runLeaseMutants } from '#tools/sim/lease/run.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..', '..')
const VARIANTS = [...Array.from({ length: 37 }, (_, at) => at + 1), 40, 41, 42, ...[43, 44, 45]]
/** 43 to 45 are about addresses of links, which the model does not have. */
const HANDFUL = [2, 12, 15, 31]

t.test('every variant of the model is a mutant or is excluded for a reason', async (t) => {
  const known = [
    ...LEASE_MUTANTS.map(({ variant }) => variant),
    ...Object.keys(EXCLUDED).map(Number),
  ]
  t.same(
    known.toSorted((a, b) => a - b),
    VARIANTS,
  )
  for (const { test } of Object.values(EXCLUDED)) t.ok(existsSync(join(ROOT, test)), test)
})

t.test('no mutant is stale', async (t) => {
  for (const mutant of LEASE_MUTANTS) {
    const source = readFileSync(join(ROOT, mutant.file), 'utf8')
    t.not(mutate(mutant, source), source, mutant.name)
  }
})

t.setTimeout(170_000)

t.test('a handful of variants is caught', { timeout: 160_000 }, async (t) => {
  const results = await runLeaseMutants({ only: HANDFUL, onResult: () => {} })
  t.equal(results.length, HANDFUL.length)
  for (const { name, result, detail } of results) t.equal(result, 'caught', `${name}: ${detail}`)
})
