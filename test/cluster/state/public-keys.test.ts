import t from 'tap'
import { makeLab } from '#test/support/region-state.ts'
import { PUBLIC_KEYS_PER_USER_MAX } from '#state/limits.ts'

const ssh = (key: string, userId = 1) =>
  ({ type: 'sshKey.create', userId: userId as never, key, keysource: '' }) as const
const ssl = (key: string, userId = 1) =>
  ({ type: 'sslKey.create', userId: userId as never, key }) as const

for (const { name, make, drop } of [
  { name: 'SSH', make: ssh, drop: 'sshKey.delete' },
  { name: 'SSL', make: ssl, drop: 'sslKey.delete' },
] as const) {
  t.test(`${name} keys: once per user, deleted by their owner only`, async (t) => {
    const lab = makeLab()
    const bob = { username: 'bob', email: 'b@example.org', isSuperuser: false, passwordHash: '' }
    lab.ok({ type: 'user.create', ...bob })
    const { id } = lab.ok(make('k'))
    t.match(lab.refused(make('k')).fields, { key: [/already been added/] })
    lab.ok(make('k', 2))
    t.equal(lab.refused(make('k', 9)).code, 'NOT_FOUND')
    const remove = { type: drop, id: id as never } as const
    t.equal(lab.refused({ ...remove, userId: 2 as never }).code, 'FORBIDDEN')
    lab.ok({ ...remove, userId: 1 as never })
    t.equal(lab.refused({ ...remove, userId: 1 as never }).code, 'NOT_FOUND')
    for (let n = 0; n < PUBLIC_KEYS_PER_USER_MAX; n++) lab.ok(make(`k${n}`))
    t.match(lab.refused(make('more')).fields, { key: [/at most/] })
    lab.ok({ type: 'user.delete', username: 'bob' })
    t.equal(lab.state.sshKeysByUser.count(2 as never), 0)
    t.equal(lab.state.sslKeysByUser.count(2 as never), 0)
  })
}

t.test('an import adds what is new, all of it or nothing', async (t) => {
  const lab = makeLab()
  const from = { type: 'sshKey.import', userId: 1 as never, keysource: 'gh:bob' } as const
  lab.ok(ssh('a'))
  lab.ok({ ...from, keys: ['a', 'b', 'b'] })
  lab.ok({ ...from, keys: ['b', 'c'] })
  const keys = [...lab.state.sshKeys.values()].map(({ key, keysource }) => `${keysource} ${key}`)
  t.same(keys, [' a', 'gh:bob a', 'gh:bob b', 'gh:bob c'])
  const many = Array.from({ length: PUBLIC_KEYS_PER_USER_MAX - 3 }, (_, n) => `k${n}`)
  t.match(lab.refused({ ...from, keys: many }).fields, { key: [/at most/] })
  t.equal(lab.state.sshKeys.size, 4)
  t.equal(lab.refused({ ...from, userId: 9 as never, keys: [] }).code, 'NOT_FOUND')
})

t.test('the same SSH key from another source is another one', async (t) => {
  const lab = makeLab()
  lab.ok(ssh('k'))
  lab.ok({ ...ssh('k'), keysource: 'gh:bob' })
  t.equal(lab.state.sshKeys.size, 2)
})
