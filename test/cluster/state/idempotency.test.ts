import t from 'tap'
import { ADMIN, contentOf, makeLab } from '#test/support/region-state.ts'
import type { Command } from '#state/command.ts'

const space = (name: string): Command => ({ type: 'space.create', name, description: '' })
const DAY_MS = 86_400_000

t.test('the same key and request give the first answer and its revision again', async (t) => {
  const lab = makeLab()
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  const first = lab.run(space('a'))
  const content = contentOf(lab.state)
  lab.idempotency = null
  lab.run(space('b'))
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  const second = lab.run(space('a'))
  t.same(second.outcome, first.outcome)
  t.equal(second.revision, first.revision)
  t.not(contentOf(lab.state), content)
  t.equal(lab.state.spaces.size, 2)
})

t.test('a refusal is remembered too', async (t) => {
  const lab = makeLab()
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  const gone: Command = { type: 'space.delete', id: 0 as never }
  const first = lab.run(gone)
  lab.idempotency = null
  lab.ok(space('a'))
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  t.same(lab.run(gone).outcome, first.outcome)
  t.equal(lab.state.spaces.size, 1)
})

t.test('the key with another request is refused and not executed', async (t) => {
  const lab = makeLab()
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  lab.run(space('a'))
  lab.idempotency = { key: 'k', fingerprint: 'g' }
  t.match(lab.run(space('b')).outcome, { ok: false, code: 'IDEMPOTENCY_MISMATCH' })
  t.equal(lab.state.spaces.size, 1)
})

t.test('keys of different users are different keys', async (t) => {
  const lab = makeLab()
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  lab.ok(space('a'))
  lab.actor = { ...ADMIN, userId: 2 as never }
  lab.ok(space('b'))
  lab.actor = { ...ADMIN, kind: 'anonymous', userId: null }
  lab.ok(space('c'))
  t.equal(lab.state.spaces.size, 3)
})

t.test('24 hours later the key is free again, swept or not', async (t) => {
  const lab = makeLab()
  lab.idempotency = { key: 'k', fingerprint: 'f' }
  lab.run(space('a'))
  t.ok(lab.run(space('a'), DAY_MS - 1).outcome.ok, 'still the first answer')
  t.equal(lab.state.spaces.size, 1)
  t.match(lab.run(space('a'), 1).outcome, { ok: false, code: 'VALIDATION' }, 'executed: name taken')
})

t.test('time.advance sweeps old keys, a thousand at a time', async (t) => {
  const lab = makeLab()
  for (let n = 0; n < 1500; n++) {
    lab.idempotency = { key: `k${n}`, fingerprint: 'f' }
    lab.run({ type: 'space.delete', id: 9 as never }, 0)
  }
  lab.idempotency = null
  lab.ok({ type: 'time.advance' }, DAY_MS - 1)
  t.equal(lab.state.idempotency.size, 1500)
  lab.ok({ type: 'time.advance' }, 1)
  t.equal(lab.state.idempotency.size, 500)
  lab.ok({ type: 'time.advance' })
  t.equal(lab.state.idempotency.size, 0)
})
