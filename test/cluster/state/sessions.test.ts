// Exactly once: dissertation §6.3.
import t from 'tap'
import { contentOf, makeLab, type Lab } from '#test/support/region-state.ts'
import type { Command, Envelope } from '#state/command.ts'

const space = (name: string): Command => ({ type: 'space.create', name, description: '' })

function request(lab: Lab, sequence: number, options: { below?: number; command?: Command } = {}) {
  const envelope: Envelope = {
    ...lab.envelope(options.command ?? space(`n${sequence}`)),
    request: { session: 's1', sequence, answeredBelow: options.below ?? 1 },
  }
  return lab.send(envelope)
}

t.test('a retry gets the first outcome and changes nothing', async (t) => {
  const lab = makeLab()
  const first = request(lab, 1)
  const content = contentOf(lab.state, [])
  const second = request(lab, 1)
  t.same(second.outcome, first.outcome)
  t.same(second.changes, [])
  t.equal(contentOf(lab.state, []), content)
})

t.test(
  'a retry of a refused request gets the refusal, also when it would succeed now',
  async (t) => {
    const lab = makeLab()
    const missing: Command = { type: 'space.delete', id: 0 as never }
    const first = request(lab, 1, { command: missing })
    t.match(first.outcome, { ok: false, code: 'NOT_FOUND' })
    request(lab, 2)
    t.same(request(lab, 1, { command: missing }).outcome, first.outcome)
    t.equal(lab.state.spaces.size, 1)
  },
)

t.test('an unknown session and no session are refused without a trace', async (t) => {
  const lab = makeLab()
  const content = contentOf(lab.state, [])
  const unknown = { session: 's9', sequence: 1, answeredBelow: 1 }
  for (const named of [unknown, null]) {
    const { outcome, changes } = lab.send({ ...lab.envelope(space('x')), request: named })
    t.match(outcome, { ok: false, code: 'UNKNOWN_SESSION' })
    t.same(changes, [])
  }
  t.equal(contentOf(lab.state, []), content)
})

t.test('a sequence the session has the answer of is never executed', async (t) => {
  const lab = makeLab()
  for (let n = 1; n <= 200; n++) request(lab, n, { below: n })
  const { outcome } = request(lab, 3, { below: 200 })
  t.match(outcome, { ok: false, code: 'UNKNOWN_SESSION' })
  t.match(request(lab, 300, { below: 301 }).outcome, { ok: false, code: 'UNKNOWN_SESSION' })
  t.equal(lab.state.spaces.size, 200)
})

t.test('answered outcomes are dropped, unanswered ones are kept', async (t) => {
  const lab = makeLab()
  for (let n = 1; n <= 300; n++) request(lab, n, { below: 1 })
  t.equal(lab.state.sessionOutcomes.size, 300)
  request(lab, 301, { below: 250 })
  t.equal(lab.state.sessionOutcomes.size, 52)
  t.ok(lab.state.sessionOutcomes.has('s1/250'))
  t.notOk(lab.state.sessionOutcomes.has('s1/249'))
})

t.test('a leap of answeredBelow costs no more than what is kept', async (t) => {
  const lab = makeLab()
  for (let n = 1; n <= 10; n++) request(lab, n)
  t.ok(request(lab, 2 ** 52, { below: 2 ** 52 }).outcome.ok)
  t.equal(lab.state.sessionOutcomes.size, 1)
})

t.test('a command touches a bounded number of rows however long the window is', async (t) => {
  const lab = makeLab()
  for (let n = 1; n <= 5000; n++) request(lab, n)
  t.equal(request(lab, 5001).changes.length, 3, 'counter, space, outcome')
})

t.test(
  'beyond 8,192 unanswered requests a session is refused, definitely not executed',
  async (t) => {
    const lab = makeLab()
    const command: Command = { type: 'time.advance' }
    for (let n = 1; n <= 8192; n++) request(lab, n, { command })
    t.match(request(lab, 9000).outcome, { ok: false, code: 'OVERLOADED' })
    t.equal(lab.state.spaces.size, 0)
    t.ok(request(lab, 9000, { below: 2 }).outcome.ok, 'one answer makes room for one')
    t.equal(lab.state.spaces.size, 1)
  },
)

t.test('a new session of a node replaces the earlier one with its outcomes', async (t) => {
  const lab = makeLab()
  request(lab, 1)
  lab.ok({ type: 'session.open', id: 's2', nodeId: 'a', incarnation: 2 })
  t.same([...lab.state.sessions.keys()], ['s2'])
  t.equal(lab.state.sessionOutcomes.size, 0)
  t.match(request(lab, 2).outcome, { code: 'UNKNOWN_SESSION' })
})

t.test('sessions of other nodes stay', async (t) => {
  const lab = makeLab()
  lab.ok({ type: 'session.open', id: 's2', nodeId: 'b', incarnation: 1 })
  t.same([...lab.state.sessions.keys()], ['s1', 's2'])
})

t.test('an older start of a node cannot open its session any more', async (t) => {
  const lab = makeLab()
  lab.ok({ type: 'session.open', id: 's2', nodeId: 'a', incarnation: 5 })
  const refusal = lab.refused({ type: 'session.open', id: 's3', nodeId: 'a', incarnation: 4 })
  t.equal(refusal.code, 'CONFLICT')
  t.same([...lab.state.sessions.keys()], ['s2'])
})

t.test('opening the same session twice keeps it, another node cannot have its id', async (t) => {
  const lab = makeLab()
  request(lab, 1)
  lab.ok({ type: 'session.open', id: 's1', nodeId: 'a', incarnation: 1 })
  t.equal(lab.state.sessionOutcomes.size, 1)
  const stolen: Command = { type: 'session.open', id: 's1', nodeId: 'b', incarnation: 1 }
  t.equal(lab.refused(stolen).code, 'CONFLICT')
})
