import fc from 'fast-check'
import t from 'tap'
import { checkLinearizable } from '#chaos/checkers/linearizable.ts'
import { checkRegisters, REGISTER, shrink } from '#chaos/checkers/register.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, read, write } from '../support/operations.ts'

const judge = (part: readonly Operation[]) => checkLinearizable(part, REGISTER)

t.test('registers are judged apart, and the bad one is named', async (t) => {
  const good = [write('a', [0, 1]), read('a', [2, 3])]
  const bad = [write('b', [0, 1]), read(null, [2, 3])].map((one) => ({ ...one, key: 'y' }))
  t.equal(checkRegisters(good, 1_000).verdict, 'pass')
  const finding = checkRegisters([...good, ...bad], 1_000)
  t.equal(finding.verdict, 'fail')
  t.match(finding.summary, /^y is not linearizable/)
  t.same(finding.smallest, bad)
})

t.test('nothing acknowledged is nothing shown', async (t) => {
  t.equal(checkRegisters([], 1_000).verdict, 'could not tell')
  t.equal(checkRegisters([write('a', [0])], 1_000).verdict, 'could not tell')
})

t.test('a failed write that is seen is a failure', async (t) => {
  const failed = operation('write', [0, 1], { input: 'a', outcome: 'fail' })
  t.equal(checkRegisters([failed, read('a', [2, 3])], 1_000).verdict, 'fail')
  t.equal(checkRegisters([failed, read(null, [2, 3])], 1_000).verdict, 'pass')
})

t.test('the smallest part of a lost write is the write, its successor and the read', async (t) => {
  const noise = Array.from({ length: 20 }, (_, i) => [
    write(`n${i}`, [i * 10, i * 10 + 1]),
    read(`n${i}`, [i * 10 + 2, i * 10 + 3]),
  ]).flat()
  const lost = [write('kept', [300, 301]), write('lost', [302, 303]), read('kept', [304, 305])]
  const later = [write('z', [400, 401]), read('z', [402, 403])]
  t.same(shrink([...noise, ...lost, ...later], judge), lost)
})

t.test('a smallest part still fails, whatever the history', async (t) => {
  let shrunk = 0
  const anyOperation = fc
    .tuple(fc.boolean(), fc.nat(5), fc.nat(40), fc.nat(9))
    .map(([isRead, value, start, length]) =>
      isRead
        ? read(`v${value}`, [start, start + length])
        : write(`v${value}`, [start, start + length]),
    )
  fc.assert(
    fc.property(fc.array(anyOperation, { maxLength: 12 }), (history) => {
      if (judge(history) !== 'not linearizable') return true
      shrunk++
      const part = shrink(history, judge)
      return judge(part) === 'not linearizable' && part.length <= history.length
    }),
  )
  t.ok(shrunk > 10)
})
