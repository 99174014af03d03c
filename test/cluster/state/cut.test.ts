// The cut: all rows of one moment.
import t from 'tap'
import { rowsOfCut, takeCut } from '#state/cut.ts'
import { dump, restore } from '#state/snapshot.ts'
import { Lab } from '#test/support/region-state.ts'

const INITIALISE = {
  type: 'cluster.initialise',
  clusterId: 'c',
  admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: '' },
  apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'k' },
  joinTokenDigest: 'd',
} as const

t.test('a cut holds the rows of a dump, whatever is written after it', async (t) => {
  const lab = new Lab()
  lab.ok(INITIALISE)
  const before = [...dump(lab.state)]
  const cut = takeCut(lab.state)
  lab.ok({ type: 'session.open', id: 's1', nodeId: 'n', incarnation: 1 })
  lab.ok({ type: 'setting.put', name: 'custom/a', value: 'x' })

  const rows = [...rowsOfCut(cut)]
  t.equal(rows.length, cut.rowCount + 1, 'and the meta row')
  t.same([...dump(restore(rows))], before)
  t.equal(cut.revision, 1)
})

t.test('rows of a table or a version that is not known here are refused', async (t) => {
  const lab = new Lab()
  lab.ok(INITIALISE)
  const rows = [...dump(lab.state)]
  const newer = { table: 'wormholes', key: 'x', row: {} } as never
  t.throws(() => restore([...rows, newer]), { code: 'UNSUPPORTED_VERSION' })
  const meta = { table: 'meta', key: 'meta', row: { version: 2, revision: 1, stamp: 1 } } as never
  t.throws(() => restore([meta]), { code: 'UNSUPPORTED_VERSION' })
  t.throws(() => restore([]), /without its meta row/)
})
