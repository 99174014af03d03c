// Every write of a user leaves one audit event, and nothing else does.
import t from 'tap'
import {
  ADMIN,
  contentOf,
  type Lab,
  makeServedLab,
  newMachine,
} from '#test/support/region-state.ts'
import type { Command } from '#state/command.ts'
import { AUDIT_EVENTS_MAX } from '#state/limits.ts'
import { digest, dump, restore } from '#state/snapshot.ts'

const put = (value: string): Command => ({ type: 'setting.put', name: 'custom/a', value })

function makeAudited(): Lab {
  const lab = makeServedLab()
  lab.ok({ type: 'cluster.raiseLevel', level: 3 })
  lab.actor = { ...ADMIN, requestId: 'r-7' }
  return lab
}

const audits = ({ state }: Lab) => [...state.auditEvents.values()]
const last = (lab: Lab) => audits(lab).at(-1)

t.test('before the level of auditing an entry means what it meant', async (t) => {
  const lab = makeServedLab()
  lab.ok(put('x'))
  t.same(audits(lab), [])
})

t.test('an event has the actor, its address, the request and the object', async (t) => {
  const lab = makeAudited()
  lab.ok({ type: 'fabric.create', name: 'dc', description: '', classType: null })
  t.match(last(lab), {
    ...{ action: 'fabric.create', subjectId: 1, subject: 'dc', systemId: null, hostname: '' },
    ...{ userId: 1, username: 'admin', remoteAddress: '192.0.2.9', requestId: 'r-7' },
  })
  t.equal(last(lab)?.createdWall, 1_700_000_000_000 + lab.stamp - 1_000)
})

const CASES: readonly { readonly command: Command; readonly expected: object }[] = [
  {
    command: { type: 'subnet.update', id: 1 as never, set: { description: 'x' } },
    expected: { subjectId: 1, subject: '10.0.0.0/24' },
  },
  {
    command: { type: 'user.update', id: 1 as never, set: { email: 'b@example.org' } },
    expected: { subjectId: 1, subject: 'admin' },
  },
  {
    command: { type: 'apiKey.rename', tokenKey: 't1', userId: 1 as never, name: 'laptop' },
    expected: { subjectId: null, subject: 'laptop' },
  },
  {
    command: { type: 'apiKey.delete', tokenKey: 't1', userId: 1 as never },
    expected: { subject: 'first' },
  },
  {
    command: {
      type: 'address.reserve',
      ...{ subnetId: 1 as never, ip: null, userId: 1 as never, hostname: '', mac: null },
    },
    expected: { action: 'address.reserve', subjectId: '10.0.0.1' },
  },
]
for (const { command, expected } of CASES) {
  t.test(`the object of ${command.type} is named`, async (t) => {
    const lab = makeAudited()
    lab.ok(command)
    t.match(last(lab), { action: command.type, ...expected })
  })
}

t.test('a machine is named by its host, also when it has just gone', async (t) => {
  const lab = makeAudited()
  const { systemId } = lab.ok(newMachine(1))
  t.match(last(lab), { subjectId: systemId, systemId, hostname: 'machine-000001' })
  lab.ok({ type: 'machine.delete', systemId })
  t.match(last(lab), { action: 'machine.delete', systemId, hostname: 'machine-000001' })
})

t.test('refused, repeated, and what the system does leave nothing', async (t) => {
  const lab = makeAudited()
  lab.refused({ type: 'fabric.delete', id: 99 as never })
  t.same(audits(lab), [])
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  lab.ok(put('x'))
  lab.ok(put('x'))
  t.equal(audits(lab).length, 1, 'a repeated request is one write')
  lab.idempotency = null
  lab.actor = { ...ADMIN, kind: 'system' }
  lab.ok(put('y'))
  t.equal(audits(lab).length, 1)
})

t.test('no secret is in an event', async (t) => {
  const lab = makeAudited()
  const user = { username: 'bob', email: 'b@example.org', isSuperuser: false }
  lab.ok({ type: 'user.create', ...user, passwordHash: 'hidden-hash' })
  const key = { tokenKey: 't2', tokenSecret: 'hidden-secret', consumerKey: 'c', name: 'n' }
  lab.ok({ type: 'apiKey.create', ...key, userId: 2 as never })
  lab.ok({ type: 'login.open', userId: 2 as never, digest: 'hidden-digest', lifetimeMs: 9 })
  t.notMatch(JSON.stringify(audits(lab)), 'hidden')
})

t.test('who has no key leaves an event among the others', async (t) => {
  const lab = makeAudited()
  lab.actor = { ...ADMIN, kind: 'anonymous', userId: null, username: '' }
  lab.ok(newMachine(1))
  t.same(audits(lab), [])
  t.match([...lab.state.events.values()].at(-1), {
    type: 'Anonymous request',
    description: 'machine.create machine-000001 from 192.0.2.9, request ',
  })
})

t.test('the newest 20,000 are kept, and other events push none of them out', async (t) => {
  const lab = makeAudited()
  const event = {
    type: 'event.record',
    eventType: 'Performing PXE boot',
    ...{ systemId: null, username: '', level: 'INFO' as const, description: 'd' },
  } as const
  lab.ok(event)
  const before = lab.state.events.size
  lab.ok(put('first'))
  for (let n = 0; n < AUDIT_EVENTS_MAX; n++) lab.ok(event)
  t.equal(audits(lab).length, 1)
  t.ok(before > 0)
  for (let n = 0; n < AUDIT_EVENTS_MAX + 5; n++) lab.ok(put(`${n}`))
  const kept = audits(lab)
  t.equal(kept.length, AUDIT_EVENTS_MAX)
  t.equal(kept[0]?.sequence, 7)
  t.equal(kept.at(-1)?.id, lab.state.counters.get('events')?.last)
  t.equal(lab.state.events.size, 0, 'the ids of all of them are more than 20,000 old')
})

t.test('a restored state audits on as the one it came from', async (t) => {
  const lab = makeAudited()
  lab.ok(put('x'))
  const other = makeAudited()
  other.ok(put('x'))
  other.state = restore([...dump(other.state)])
  for (const each of [lab, other]) each.ok(put('y'))
  const hash = ({ state }: Lab): string => {
    let text = ''
    digest(state, (line) => (text += line))
    return text
  }
  t.equal(hash(other), hash(lab))
  t.ok(contentOf(lab.state).includes('auditEvents'))
})
