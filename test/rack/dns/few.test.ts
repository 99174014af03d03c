import t from 'tap'
import * as fc from 'fast-check'
import { added, type Few, itemsOf, removed } from '#rack/dns/few.ts'

t.test('it is a set in the order of adding, however many there are', async (t) => {
  const items = Array.from({ length: 40 }, (_, id) => ({ id }))
  fc.assert(
    fc.property(fc.array(fc.nat(39), { maxLength: 120 }), (steps) => {
      let few: Few<{ id: number }>
      const model = new Set<{ id: number }>()
      for (const step of steps) {
        const item = items[step] ?? { id: -1 }
        if (model.delete(item)) few = removed(few, item)
        else {
          few = added(few, item)
          model.add(item)
        }
        const [is, wanted] = [itemsOf(few), [...model]].map((all) => all.map(({ id }) => id).join())
        if (is !== wanted) throw new Error(`${is} instead of ${wanted}`)
        if ((few === undefined) !== (model.size === 0)) throw new Error('empty is undefined')
      }
    }),
    { numRuns: 300 },
  )
  const [one = { id: 0 }, other = { id: 1 }] = items
  t.equal(added<typeof one>(undefined, one), one, 'one is itself')
  t.equal(removed<typeof one>(one, other), one)
})
