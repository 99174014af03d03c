import t from 'tap'
import { seededRandom } from '#chaos/seeded-random.ts'

t.test('a seed repeats its numbers, and another one has others', async (t) => {
  const draw = (seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: 20 }, () => random.integer(1_000))
  }
  t.same(draw(7), draw(7))
  t.notSame(draw(7), draw(8))
})

t.test('a shuffle keeps every item', async (t) => {
  const random = seededRandom(3)
  const items = ['a', 'b', 'c', 'd', 'e', 'f']
  const shuffled = random.shuffle(items)
  t.notSame(shuffled, items)
  t.same(shuffled.toSorted(), items)
  t.ok(items.includes(random.pick(items)))
  t.throws(() => random.pick([]), /nothing to pick/)
})
