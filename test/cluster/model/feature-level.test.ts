// Who may work with whom.
import t from 'tap'
import { SUPPORTED_LEVELS, whyLevelsDiffer } from '#model/feature-level.ts'

const cases = [
  { name: 'equal ranges', theirs: { min: 1, max: 2 }, ours: { min: 1, max: 2 }, why: null },
  { name: 'one level in common', theirs: { min: 2, max: 4 }, ours: { min: 1, max: 2 }, why: null },
  {
    name: 'a node too old for the level',
    ...{ theirs: { min: 1, max: 2 }, ours: { min: 3, max: 4 } },
    why: /level 3 is needed, up to 2 is supported: upgrade/,
  },
  {
    name: 'a node too new for the level',
    ...{ theirs: { min: 3, max: 4 }, ours: { min: 1, max: 2 } },
    why: /level 3 is needed there, this cluster is at 2/,
  },
]
for (const { name, theirs, ours, why } of cases) {
  t.test(
    `${name}: ${why === null ? 'they work together' : 'refused with the reason'}`,
    async (t) => {
      const found = whyLevelsDiffer(theirs, ours)
      if (why === null) t.equal(found, null)
      else t.match(found, why)
    },
  )
}

t.test('this code reads what the first version wrote', async (t) => {
  t.equal(SUPPORTED_LEVELS.min, 1)
})
