import t from 'tap'
import { configurationOnDisk } from '#node/configuration-on-disk.ts'
import { encodeConfiguration } from '#raft/membership.ts'
import type { Configuration, Entry } from '#raft/types.ts'

const voters = (...ids: readonly string[]): Configuration => ({
  ...{ voters: ids, votersOutgoing: [], learners: [], learnersNext: [] },
  autoLeave: false,
})
const entry = (index: number, configuration?: Configuration): Entry => ({
  ...{ index, term: 1, stamp: index },
  kind: configuration === undefined ? 'empty' : 'configuration',
  data: configuration === undefined ? new Uint8Array() : encodeConfiguration(configuration),
})
const LOG = [entry(1), entry(2, voters('a', 'd')), entry(3), entry(4, voters('d', 'e')), entry(5)]

/** Pages of two entries, so that there are several. */
const stores = (revision: number, commitIndex: number) =>
  ({
    state: { revision },
    configuration: voters('a', 'b'),
    log: {
      hardState: () => ({ currentTerm: 1, votedFor: null, commitIndex }),
      reader: {
        lastIndex: () => LOG.length,
        entries: (from: number, to: number) => LOG.slice(from - 1, Math.min(to - 1, from + 1)),
      },
    },
  }) as unknown as Parameters<typeof configurationOnDisk>[0]

t.test('the newest configuration that is committed counts, applied or not', (t) => {
  const cases = [
    { revision: 0, commit: 1, index: 0, ids: ['a', 'b'] },
    { revision: 0, commit: 3, index: 2, ids: ['a', 'd'] },
    { revision: 0, commit: 5, index: 4, ids: ['d', 'e'] },
    { revision: 4, commit: 5, index: 4, ids: ['a', 'b'] },
    { revision: 5, commit: 5, index: 5, ids: ['a', 'b'] },
  ]
  for (const { revision, commit, index, ids } of cases) {
    const found = configurationOnDisk(stores(revision, commit))
    t.same(found, { index, configuration: voters(...ids) }, `${revision} applied of ${commit}`)
  }
  t.end()
})

t.test('what may still be replaced does not count', (t) => {
  t.equal(configurationOnDisk(stores(0, 2)).index, 2)
  t.equal(configurationOnDisk(stores(2, 3)).index, 2)
  t.end()
})
