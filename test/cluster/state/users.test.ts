import t from 'tap'
import { contentOf, makeServedLab, newMachine, newRange } from '#test/support/region-state.ts'
import type { Command } from '#state/command.ts'
import { SETTING_DEFAULTS } from '#state/settings.ts'

const user = (username: string, isSuperuser = false): Command => ({
  type: 'user.create',
  username,
  email: 'u@example.org',
  isSuperuser,
  passwordHash: 'x',
})
const key = (tokenKey: string, userId: number): Command => ({
  type: 'apiKey.create',
  tokenKey,
  tokenSecret: 's',
  consumerKey: 'c',
  userId: userId as never,
  name: 'n',
})
const update = (id: number, set: object): Command => ({ type: 'user.update', id: id as never, set })
const drop = (username: string): Command => ({ type: 'user.delete', username })

const refusals: readonly { name: string; before?: Command[]; command: Command; code?: string }[] = [
  { name: 'name taken', command: user('admin') },
  { name: 'name with a space', command: user('a b') },
  { name: 'name empty', command: user('') },
  { name: 'name too long', command: user('a'.repeat(151)) },
  {
    name: 'rename to a taken name',
    before: [user('bob')],
    command: update(2, { username: 'admin' }),
  },
  { name: 'rename to nonsense', command: update(1, { username: '/' }) },
  { name: 'update of nobody', command: update(9, {}), code: 'NOT_FOUND' },
  { name: 'last administrator gives up', command: update(1, { isSuperuser: false }) },
  { name: 'last administrator goes', command: drop('admin') },
  { name: 'nobody goes', command: drop('nobody'), code: 'NOT_FOUND' },
  { name: 'key of nobody', command: key('t2', 9), code: 'NOT_FOUND' },
  { name: 'key taken', command: key('t1', 1), code: 'CONFLICT' },
  {
    name: 'rename of a key of another',
    before: [user('bob')],
    command: { type: 'apiKey.rename', tokenKey: 't1', userId: 2 as never, name: 'x' },
    code: 'NOT_FOUND',
  },
  {
    name: 'deletion of a key of another',
    before: [user('bob')],
    command: { type: 'apiKey.delete', tokenKey: 't1', userId: 2 as never },
    code: 'NOT_FOUND',
  },
  { name: 'unknown setting', command: { type: 'setting.put', name: 'no_such', value: 1 } },
  { name: 'method as setting', command: { type: 'setting.put', name: 'toString', value: '' } },
  { name: 'wrong type', command: { type: 'setting.put', name: 'default_dns_ttl', value: '30' } },
  { name: 'number for text', command: { type: 'setting.put', name: 'upstream_dns', value: 3 } },
  {
    name: 'lease too short',
    command: { type: 'setting.put', name: 'dhcp_lease_seconds', value: 9 },
  },
  {
    name: 'lease broken',
    command: { type: 'setting.put', name: 'dhcp_lease_seconds', value: 99.5 },
  },
  {
    name: 'boot file without a digest',
    command: {
      type: 'bootResource.put',
      name: 'enlist/agent',
      architecture: 'amd64/generic',
      title: '',
      files: [{ kind: 'boot-kernel', filename: 'k', sha256: 'A'.repeat(64), sizeBytes: 1 }],
    },
  },
  {
    name: 'no boot resource',
    command: { type: 'bootResource.delete', id: 9 as never },
    code: 'NOT_FOUND',
  },
]
for (const { name, before, command, code = 'VALIDATION' } of refusals) {
  t.test(`refused, and nothing changes: ${name}`, async (t) => {
    const lab = makeServedLab()
    for (const first of before ?? []) lab.ok(first)
    const content = contentOf(lab.state)
    t.equal(lab.refused(command).code, code)
    t.equal(contentOf(lab.state), content)
  })
}

t.test('a user goes with its keys', async (t) => {
  const lab = makeServedLab()
  t.same(lab.ok(user('bob')), { id: 2 })
  lab.ok(key('t2', 2))
  lab.ok(drop('bob'))
  t.notOk(lab.state.apiKeys.has('t2'))
  t.ok(lab.state.apiKeys.has('t1'))
  t.same(lab.ok(user('bob')), { id: 3 })
})

t.test('a user that owns something stays, and the sentence names it', async (t) => {
  const lab = makeServedLab()
  lab.ok(user('bob'))
  const { systemId } = lab.ok(newMachine(1))
  const row = lab.state.machines.get(systemId)
  if (row === undefined) throw new Error('no machine')
  lab.state.machines.restore(systemId, { ...row, ownerId: 2 as never })
  t.match(lab.refused(drop('bob')).message, /machine machine-000001/)
  lab.state.machines.restore(systemId, row)
  lab.ok({ ...newRange('reserved', 1, ['10.0.0.9', '10.0.0.9']), userId: 2 as never })
  t.match(lab.refused(drop('bob')).message, /IP range 2/)
  lab.ok({ type: 'ipRange.delete', id: 2 as never })
  const reserve = { subnetId: 1 as never, userId: 2 as never, hostname: '', mac: null, ip: null }
  const { ip } = lab.ok({ type: 'address.reserve', ...reserve } as const)
  t.match(lab.refused(drop('bob')).message, /addresses/)
  lab.ok({ type: 'address.release', ip, userId: 2 as never, force: false })
  lab.ok(drop('bob'))
})

t.test(
  'rights and names change, the first administrator may go when there is a second',
  async (t) => {
    const lab = makeServedLab()
    lab.ok(user('bob'))
    lab.ok(update(2, { isSuperuser: true, username: 'rob' }))
    lab.ok(drop('admin'))
    t.same(
      [...lab.state.users.values()].map(({ username }) => username),
      ['rob'],
    )
  },
)

t.test('keys are renamed and deleted by their owner', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'apiKey.rename', tokenKey: 't1', userId: 1 as never, name: 'laptop' })
  t.equal(lab.state.apiKeys.get('t1')?.name, 'laptop')
  lab.ok({ type: 'apiKey.delete', tokenKey: 't1', userId: 1 as never })
  t.equal(lab.state.apiKeysByUser.count(1 as never), 0)
})

t.test('settings take values of their type', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'setting.put', name: 'dhcp_lease_seconds', value: 1200 })
  lab.ok({ type: 'setting.put', name: 'upstream_dns', value: '192.0.2.53' })
  lab.ok({ type: 'setting.put', name: 'upstream_dns', value: null })
  t.equal(lab.state.settings.get('dhcp_lease_seconds')?.value, 1200)
  t.equal(lab.state.settings.size, Object.keys(SETTING_DEFAULTS).length)
})

t.test('a boot resource is put, replaced and deleted', async (t) => {
  const lab = makeServedLab()
  const file = { kind: 'boot-kernel', filename: 'k', sha256: 'a'.repeat(64), sizeBytes: 1 } as const
  const resource = { name: 'enlist/agent', architecture: 'amd64/generic', title: 'x' }
  const put = { type: 'bootResource.put', ...resource, files: [file] } as const
  t.same(lab.ok(put), { id: 1 })
  t.same(lab.ok({ ...put, files: [] }), { id: 1 })
  t.same(lab.state.bootResources.get(1 as never)?.files, [])
  t.same(lab.ok({ ...put, architecture: 'arm64/generic' }), { id: 2 })
  lab.ok({ type: 'bootResource.delete', id: 1 as never })
  t.same([...lab.state.bootResources.keys()], [2])
})

t.test('the event list keeps the newest 20,000', async (t) => {
  const lab = makeServedLab()
  const event = {
    type: 'event.record',
    eventType: 'Performing PXE boot',
    systemId: 'rack01',
    username: '',
    level: 'INFO',
    description: 'd',
  } as const
  for (let n = 0; n < 20_010; n++) lab.ok(event)
  const ids = [...lab.state.events.keys()]
  t.equal(ids.length, 20_000)
  t.match(lab.state.events.get(ids.at(-1) ?? 0), {
    type: 'Performing PXE boot',
    hostname: 'host-rack01',
  })
  t.equal((ids.at(-1) ?? 0) - (ids[0] ?? 0), 19_999)
})
