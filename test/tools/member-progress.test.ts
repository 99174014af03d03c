import t from 'tap'
import { endOf, type MemberRow, untilSettled, type Wish } from '#tools/member-progress.ts'

function row(status: MemberRow['status'], set: Partial<MemberRow> = {}): MemberRow {
  const plain = { note: '', voter: false, reachable: true, lag: 0, entries_per_second: null }
  return { id: 'a', status, ...plain, ...set }
}

const never = new AbortController().signal

/** Looks at `rows` one after the other, then at the last one for ever. */
function settle(rows: readonly (MemberRow | undefined)[], wish: Wish, timeoutMs = 9_000) {
  const said: string[] = []
  let at = 0
  const look = async () => rows[Math.min(at++, rows.length - 1)]
  const end = untilSettled({
    look,
    wish,
    say: (line) => said.push(line),
    timeoutMs,
    stopped: never,
  })
  return { said, end }
}

t.test('a wish has come to its end, has failed, or is under way', async (t) => {
  const cases = [
    ['join', 'joining', 'under way'],
    ['join', 'member', 'done'],
    ['join', 'leaving', 'failed'],
    ['join', 'removed', 'failed'],
    ['leave', 'leaving', 'under way'],
    ['leave', 'removed', 'done'],
    ['leave', 'member', 'failed'],
  ] as const
  for (const [wish, status, end] of cases) t.equal(endOf(row(status), wish), end)
})

t.test('a voter takes part when the others reach it and it is sure of its disk', async (t) => {
  const cases = [
    [row('joining'), 'under way'],
    [row('member', { reachable: false }), 'under way'],
    [row('member', { condition: 'verifying' }), 'under way'],
    [row('member', { condition: 'unknown' }), 'under way'],
    [row('member', { condition: 'ok' }), 'done'],
    [row('member'), 'done'],
    [row('removed'), 'failed'],
  ] as const
  for (const [seen, end] of cases) t.equal(endOf(seen, 'take part'), end)
  const starting = row('member', { condition: 'verifying' })
  const { said, end } = settle([starting, row('member', { condition: 'ok' })], 'take part')
  t.match(await end, { condition: 'ok' })
  t.same(said, ['a: verifying'])
})

t.test('each step is said once, with how far it is', async (t) => {
  const far = { lag: 900, entries_per_second: 450 }
  const { said, end } = settle(
    [undefined, row('joining', { reachable: false }), row('joining', far), row('member')],
    'join',
  )
  t.match(await end, { status: 'member' })
  t.same(said, [
    'a: waiting for the node',
    'a: catching up, 900 entries behind, 450 entries a second',
  ])
})

t.test('a failed wish throws the cluster’s own reason, a slow one a time-out', async (t) => {
  const note = 'Refused, the quorum would be lost.'
  const refused = settle([row('leaving'), row('member', { note })], 'leave')
  await t.rejects(refused.end, { code: 'CONFLICT', message: note })
  const slow = settle([row('joining')], 'join', 300)
  await t.rejects(slow.end, { code: 'TIMEOUT' })
})
