// The small objects: made, changed, deleted, reverted; what each refuses and what a change does to others.
import t from 'tap'
import type { SystemId, UserId } from '#model/ids.ts'
import type { Command } from '#state/command.ts'
import type { ObjectFields } from '#state/object-commands.ts'
import type { ObjectTable } from '#model/objects.ts'
import { objectsOf, textOf, zoneOf } from '#state/object-query.ts'
import { makeLab, mac, type Lab } from '#test/support/region-state.ts'

const DESCRIPTION = ''
const REPOSITORY = {
  ...{ name: 'own', url: 'http://192.0.2.1/ubuntu', distributions: [], disabledPockets: [] },
  ...{ disabledComponents: [], disableSources: true, components: [], arches: ['amd64'] },
  ...{ key: '', enabled: true },
}
const SNIPPET = {
  ...{ name: 's', description: '', enabled: true, systemId: null, subnetId: null },
  ...{ ipRangeId: null, value: 'option mtu 1400;', comment: 'first' },
}
const SCRIPT = {
  ...{ name: 'burn-in', title: '', description: '', tags: [], scriptType: 2, hardwareType: 0 },
  ...{ parallel: 0, timeoutSeconds: 0, destructive: false, mayReboot: false, recommission: false },
  ...{ applyConfiguredNetworking: false, forHardware: [], value: '#!/bin/sh', comment: '' },
}
const NOTIFICATION = {
  ...{ ident: 'a', userId: null, users: true, admins: false, message: 'm', context: {} },
  ...{ category: 'info' as const, dismissable: true },
}
const SOURCE = { url: 'http://192.0.2.1/images/', keyringFilename: '', keyringData: '' }
const SAMPLES: { readonly [T in ObjectTable]: ObjectFields<T> } = {
  zones: { name: 'north', description: DESCRIPTION },
  resourcePools: { name: 'lab', description: DESCRIPTION },
  tags: { name: 'gpu', definition: '', comment: 'c', kernelOpts: '' },
  packageRepositories: REPOSITORY,
  notifications: NOTIFICATION,
  licenseKeys: { osystem: 'windows', distroSeries: 'win2022', licenseKey: 'A-B' },
  scripts: SCRIPT,
  bootSources: SOURCE,
  bootSourceSelections: {
    ...{ bootSourceId: 1, os: 'ubuntu', release: 'noble', arches: ['amd64'] },
    ...{ subarches: ['*'], labels: ['*'] },
  },
  dhcpSnippets: SNIPPET,
}

function create<T extends ObjectTable>(lab: Lab, table: T, more: Partial<ObjectFields<T>> = {}) {
  const fields = { ...SAMPLES[table], ...more }
  return lab.run({ type: 'object.create', table, fields } as unknown as Command).outcome
}
function idOf(outcome: ReturnType<typeof create>): number {
  if (!outcome.ok) throw new Error(outcome.message)
  return (outcome.value as { readonly id: number }).id
}
const machine = (lab: Lab, systemId: string, n: number) =>
  lab.run({
    type: 'machine.create',
    ...{ systemId: systemId as SystemId, hostname: systemId, description: '' },
    ...{ architecture: 'amd64/generic', powerType: 'manual', powerParameters: {} },
    ...{ powerState: 'unknown', blockDevices: [], hardware: null, hardwareUuid: null },
    ...{ cpuCount: 0, cpuSpeedMhz: 0, memoryMib: 0, biosBootMethod: '' },
    interfaces: [
      {
        ...{ name: 'eth0', linkConnected: true, linkSpeedMbps: 0, vendor: null, product: null },
        ...{ mac: mac(n), ip: null },
      },
    ],
  })
const NODE = 'abc123' as SystemId

t.test('each table: made, changed, deleted, and gone', async (t) => {
  for (const table of Object.keys(SAMPLES) as ObjectTable[]) {
    const lab = makeLab()
    if (table === 'bootSourceSelections') create(lab, 'bootSources')
    const before = objectsOf(lab.state, table).length
    const id = idOf(create(lab, table))
    t.equal(objectsOf(lab.state, table).length, before + 1, table)
    const update = { type: 'object.update', table, id, set: {} } as Command
    t.ok(lab.run(update).outcome.ok, `${table}: an empty change`)
    t.ok(lab.run({ type: 'object.delete', table, id }).outcome.ok)
    t.match(lab.run({ type: 'object.delete', table, id }).outcome, { ok: false, code: 'NOT_FOUND' })
    t.match(lab.run(update).outcome, { ok: false, code: 'NOT_FOUND' })
    t.not(idOf(create(lab, table)), id, 'an id is never given twice')
  }
})

t.test('what is named exists once', async (t) => {
  for (const table of Object.keys(SAMPLES) as ObjectTable[]) {
    if (table === 'dhcpSnippets') continue
    const lab = makeLab()
    if (table === 'bootSourceSelections') create(lab, 'bootSources')
    create(lab, table)
    const rows = objectsOf(lab.state, table).length
    t.match(create(lab, table), { ok: false, code: 'VALIDATION' }, table)
    t.equal(objectsOf(lab.state, table).length, rows, 'a refusal changes nothing')
  }
})

t.test('the defaults are there, can be changed and not deleted', async (t) => {
  const lab = makeLab()
  t.same(
    objectsOf(lab.state, 'zones').map(({ id, name }) => [id, name]),
    [[1, 'default']],
  )
  t.match(create(lab, 'zones', { name: 'default' }), { ok: false, code: 'VALIDATION' })
  const set = { description: 'hall 1' }
  t.ok(lab.run({ type: 'object.update', table: 'zones', id: 1, set }).outcome.ok)
  t.match(objectsOf(lab.state, 'zones'), [{ id: 1, name: 'default', description: 'hall 1' }])
  for (const [table, id] of [
    ['zones', 1],
    ['resourcePools', 0],
    ['packageRepositories', 2],
  ] as const) {
    t.match(lab.run({ type: 'object.delete', table, id }).outcome, {
      ok: false,
      code: 'VALIDATION',
    })
  }
})

t.test(
  'a zone that goes leaves its nodes in the default one; a pool with machines stays',
  async (t) => {
    const lab = makeLab()
    machine(lab, NODE, 1)
    const zoneId = idOf(create(lab, 'zones'))
    const poolId = idOf(create(lab, 'resourcePools'))
    t.ok(lab.run({ type: 'node.place', systemIds: [NODE], zoneId, poolId }).outcome.ok)
    t.equal(zoneOf(lab.state, lab.state.machines.get(NODE)!).name, 'north')
    const stays = lab.run({ type: 'object.delete', table: 'resourcePools', id: poolId }).outcome
    t.match(stays, { ok: false, code: 'VALIDATION', message: /machine abc123 is in it/ })
    t.ok(lab.run({ type: 'object.delete', table: 'zones', id: zoneId }).outcome.ok)
    t.equal(zoneOf(lab.state, lab.state.machines.get(NODE)!).name, 'default')
  },
)

t.test('nodes are placed all or none', async (t) => {
  const lab = makeLab()
  machine(lab, NODE, 1)
  const zoneId = idOf(create(lab, 'zones'))
  const systemIds = [NODE, 'nobody' as SystemId]
  const outcome = lab.run({ type: 'node.place', systemIds, zoneId }).outcome
  t.match(outcome, { ok: false, fields: { nodes: ['Unknown system_id: nobody.'] } })
  t.equal(lab.state.machines.get(NODE)?.zoneId, undefined)
  t.match(lab.run({ type: 'node.place', systemIds: [NODE], zoneId: 99 }).outcome, { ok: false })
})

t.test('tags: assigned, counted, renamed and taken away with the tag', async (t) => {
  const lab = makeLab()
  machine(lab, NODE, 1)
  const id = idOf(create(lab, 'tags'))
  const assign = (add: string[], remove: string[] = []) =>
    lab.run({
      ...{ type: 'tag.assign', name: 'gpu', add: add as SystemId[] },
      remove: remove as SystemId[],
    }).outcome
  t.strictSame(assign([NODE, 'nobody']), { ok: true, value: { added: 1, removed: 0 } })
  t.strictSame(assign([NODE]), { ok: true, value: { added: 0, removed: 0 } })
  t.same(lab.state.machines.get(NODE)?.tagNames, ['gpu'])
  lab.run({ type: 'object.update', table: 'tags', id, set: { name: 'gpus', comment: 'new' } })
  t.same(lab.state.machines.get(NODE)?.tagNames, ['gpus'])
  t.match(lab.state.tags.get(id), { name: 'gpus', comment: 'new' })
  t.match(assign([NODE]), { ok: false, code: 'NOT_FOUND' }, 'the old name is gone')
  lab.run({ type: 'object.delete', table: 'tags', id })
  t.same(lab.state.machines.get(NODE)?.tagNames, [])
})

t.test('texts have versions, and go back to one', async (t) => {
  const lab = makeLab()
  const id = idOf(create(lab, 'dhcpSnippets'))
  const write = (value: string) =>
    lab.run({ type: 'object.update', table: 'dhcpSnippets', id, set: { value, comment: value } })
  write('b;')
  write('b;')
  write('c;')
  const rows = () => lab.state.dhcpSnippets.get(id)?.history ?? []
  t.same(
    rows().map((version) => version.value),
    ['option mtu 1400;', 'b;', 'c;'],
    'no repetition',
  )
  t.notOk(Object.hasOwn(lab.state.dhcpSnippets.get(id) ?? {}, 'value'))
  const revert = (to: number) =>
    lab.run({ type: 'object.revert', table: 'dhcpSnippets', id, to }).outcome
  t.match(revert(9_999), { ok: false, code: 'VALIDATION' })
  t.match(revert(-3), { ok: false, code: 'VALIDATION' })
  t.ok(revert(-1).ok)
  t.equal(textOf(lab.state.dhcpSnippets.get(id)!), 'b;')
  t.ok(revert(rows()[0]?.id ?? 0).ok)
  t.equal(textOf(lab.state.dhcpSnippets.get(id)!), 'option mtu 1400;')
  for (let n = 0; n < 30; n++) write(`v${n};`)
  t.equal(rows().length, 20, 'the oldest go')
  write('x'.repeat(1 << 20))
  t.equal(rows().length, 1, 'also when they are too long together')
})

t.test('a snippet is for one thing, and goes with it', async (t) => {
  const lab = makeLab()
  machine(lab, NODE, 1)
  t.match(create(lab, 'dhcpSnippets', { subnetId: 99 as never }), { ok: false, code: 'VALIDATION' })
  t.match(create(lab, 'dhcpSnippets', { systemId: 'nobody' as SystemId }), { ok: false })
  t.match(create(lab, 'dhcpSnippets', { ipRangeId: 99 as never }), { ok: false })
  t.match(create(lab, 'dhcpSnippets', { systemId: NODE, subnetId: 1 as never }), {
    ok: false,
    fields: { __all__: [/not for several/] },
  })
  create(lab, 'dhcpSnippets', { systemId: NODE })
  t.equal(lab.state.dhcpSnippets.size, 1)
  lab.run({ type: 'machine.delete', systemId: NODE })
  t.equal(lab.state.dhcpSnippets.size, 0)
})

t.test('a source takes its selections with it', async (t) => {
  const lab = makeLab()
  t.match(create(lab, 'bootSourceSelections'), { ok: false, code: 'VALIDATION' })
  const id = idOf(create(lab, 'bootSources'))
  create(lab, 'bootSourceSelections')
  lab.run({ type: 'object.delete', table: 'bootSources', id })
  t.equal(lab.state.bootSourceSelections.size, 0)
})

t.test('a notification is dismissed by one user, unless it must be seen', async (t) => {
  const lab = makeLab()
  const userId = 1 as UserId
  const id = idOf(create(lab, 'notifications'))
  const dismiss = (which: number) =>
    lab.run({ type: 'notification.dismiss', id: which, userId }).outcome
  t.ok(dismiss(id).ok)
  t.ok(dismiss(id).ok)
  t.same(lab.state.notifications.get(id)?.dismissedBy, [userId])
  const other = idOf(create(lab, 'notifications', { ident: null, dismissable: false }))
  t.match(dismiss(other), { ok: false, code: 'FORBIDDEN' })
  t.match(dismiss(99), { ok: false, code: 'NOT_FOUND' })
  t.match(create(lab, 'notifications', { ident: 'u', userId: 77 as UserId }), { ok: false })
})

t.test('a table nobody knows stops the node', async (t) => {
  const lab = makeLab()
  const command = { type: 'object.delete', table: 'toString', id: 1 } as never
  t.throws(() => lab.run(command), { code: 'UNSUPPORTED_VERSION' })
})

t.test('what has no versions is not reverted', async (t) => {
  const lab = makeLab()
  const revert = { type: 'object.revert', table: 'zones' as never, id: 1, to: -1 } as const
  t.match(lab.refused(revert), { code: 'VALIDATION' })
})
