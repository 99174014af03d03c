import t from 'tap'
import { couldNotTell, fail, overall, pass } from '#chaos/verdict.ts'

t.test('a pass needs every row to pass, and at least one', async (t) => {
  const good = pass('a', '')
  const bad = fail('b', '')
  const unknown = couldNotTell('c', '')
  t.equal(overall([good, good]), 'pass')
  t.equal(overall([]), 'could not tell')
  t.equal(overall([good, unknown]), 'could not tell')
  t.equal(overall([unknown, bad, good]), 'fail')
})
