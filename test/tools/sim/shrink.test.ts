import t from 'tap'
import { shrink } from '#tools/sim/shrink.ts'

const NUMBERS = Array.from({ length: 40 }, (_, i) => i)

t.test('what is not needed to fail is left out', async (t) => {
  const fails = (part: readonly number[]) => Promise.resolve(part.includes(7) && part.includes(31))
  t.same(await shrink({ items: NUMBERS, fails, triesMax: 500 }), [7, 31])
})

t.test('a failure that needs nothing is told at once', async (t) => {
  t.same(await shrink({ items: NUMBERS, fails: async () => true, triesMax: 10 }), [])
})

t.test('the number of tries is bounded, and what is returned still fails', async (t) => {
  let tries = 0
  const fails = async (part: readonly number[]): Promise<boolean> => {
    tries++
    return part.includes(3) && part.includes(39)
  }
  const found = await shrink({ items: NUMBERS, fails, triesMax: 12 })
  t.ok(tries <= 12, `${tries} tries`)
  t.ok(found.includes(3) && found.includes(39))
})
