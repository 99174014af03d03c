import t from 'tap'
import {
  ADMIN,
  contentOf,
  initialise,
  Lab,
  makeLab,
  newMachine,
} from '#test/support/region-state.ts'
import { apply } from '#state/apply.ts'
import type { Envelope } from '#state/command.ts'
import { emptyState } from '#state/state.ts'

t.test('an unknown command stops the node instead of being guessed at', async (t) => {
  const lab = makeLab()
  const revision = lab.state.revision
  for (const type of ['machine.teleport', 'toString', 'constructor', '__proto__']) {
    t.throws(() => lab.run({ type } as never), /is not known here/)
  }
  t.equal(lab.state.revision, revision)
})

t.test('an unknown envelope version stops the node', async (t) => {
  const lab = makeLab()
  const envelope = { ...lab.envelope({ type: 'time.advance' }), version: 2 } as unknown as Envelope
  t.throws(() => lab.send(envelope), /version 2 is not known/)
})

t.test('entries are applied once and log time never runs back', async (t) => {
  const state = emptyState()
  const envelope: Envelope = {
    version: 1,
    request: null,
    wall: 5,
    actor: ADMIN,
    idempotency: null,
    command: initialise(),
  }
  apply(state, envelope, { index: 7, stamp: 100 })
  t.match(state, { revision: 7, stamp: 100, wall: 5, clusterId: 'c1' })
  t.throws(() => apply(state, envelope, { index: 7, stamp: 100 }), /applied before/)
  t.throws(() => apply(state, envelope, { index: 8, stamp: 99 }), /ran back/)
})

t.test('rows written outside of a command are found', async (t) => {
  const lab = makeLab()
  lab.state.counters.put('x', { name: 'x', last: 1 })
  t.throws(() => lab.run({ type: 'time.advance' }), /outside of a command/)
})

t.test('a refused command leaves its outcome row and nothing else', async (t) => {
  const lab = makeLab()
  lab.ok(newMachine(1))
  const content = contentOf(lab.state)
  // Refused late: the fabric, its VLAN and two counters were written by then.
  const twice = {
    type: 'fabric.create',
    name: 'fabric-0',
    description: '',
    classType: null,
  } as const
  const { outcome, changes } = lab.run(twice)
  t.match(outcome, { ok: false, fields: { name: [/already exists/] } })
  t.same(
    changes.map(({ table }) => table),
    ['sessionOutcomes'],
  )
  t.equal(contentOf(lab.state), content)
  t.same(lab.ok({ ...twice, name: '' }), { id: 1 }, 'no id was used up')
})

t.test('indexes are taken back with the rows', async (t) => {
  const lab = makeLab()
  lab.refused({ type: 'fabric.update', id: 0 as never, set: { name: '!' } })
  t.ok(lab.state.fabricsByName.has('fabric-0'))
  t.notOk(lab.state.fabricsByName.has('!'))
})

t.test('changes are the rows written, in order, null for what went', async (t) => {
  const lab = makeLab()
  const { changes } = lab.run({ type: 'space.create', name: 'dmz', description: '' })
  t.match(changes, [
    { table: 'counters', key: 'spaces' },
    { table: 'spaces', key: 0, row: { name: 'dmz' } },
    { table: 'sessionOutcomes', key: 's1/1' },
  ])
  const gone = lab.run({ type: 'space.delete', id: 0 as never })
  t.same(gone.changes[0], { table: 'spaces', key: 0, row: null })
})

t.test(
  'the first command makes the admin, its key, the token, fabric-0 and the settings',
  async (t) => {
    const lab = new Lab()
    lab.ok(initialise())
    const { state } = lab
    t.match([...state.users.values()], [{ id: 1, username: 'admin', isSuperuser: true }])
    t.match(state.apiKeys.get('t1'), { userId: 1, consumerKey: 'c' })
    t.match(state.joinTokens.get('d1'), { kind: 'rack' })
    t.match([...state.fabrics.values()], [{ id: 0, name: 'fabric-0' }])
    t.match(
      [...state.vlans.values()],
      [{ id: 5001, vid: 0, mtu: 1500, name: 'untagged', fabricId: 0 }],
    )
    t.equal(state.settings.get('default_domain')?.value, 'maas')
    t.equal(state.settings.get('enlist_commissioning')?.value, true)
  },
)

t.test('a cluster is made once', async (t) => {
  const lab = new Lab()
  lab.ok(initialise())
  const content = contentOf(lab.state)
  lab.ok(initialise())
  t.equal(lab.refused({ ...initialise(), clusterId: 'c2' }).code, 'CONFLICT')
  t.equal(contentOf(lab.state), content)
})
