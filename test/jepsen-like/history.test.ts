import t from 'tap'
import { describeOperation, formatHistory, History, operationsOf } from '#chaos/history.ts'

function sample(): History {
  let now = 0
  const history = new History(() => (now += 1_000_000))
  history.add({ process: 1, type: 'invoke', f: 'write', key: 'x', value: 'a' })
  history.add({ process: 2, type: 'invoke', f: 'read', key: 'x', value: null })
  history.add({ process: 1, type: 'ok', f: 'write', key: 'x', value: null })
  history.add({ process: 2, type: 'info', f: 'read', key: 'x', value: 'no answer' })
  history.add({ process: 3, type: 'invoke', f: 'read', key: 'x', value: undefined })
  return history
}

t.test('invocations are paired with their completions', async (t) => {
  const [first, second, third] = operationsOf(sample().events)
  t.match(first, { f: 'write', input: 'a', outcome: 'ok', invokedNs: 1e6, returnedNs: 3e6 })
  t.match(second, { outcome: 'info', output: 'no answer', returnedNs: Infinity })
  t.match(third, { outcome: 'info', returnedNs: Infinity }, 'still open at the end')
})

t.test('a completion of nothing is a fault of the harness', async (t) => {
  const history = new History(() => 0)
  history.add({ process: 1, type: 'ok', f: 'read', key: null, value: null })
  t.throws(() => operationsOf(history.events), /never began/)
})

t.test('a history is JSON lines with exactly the fields of the contract (design §4)', async (t) => {
  const lines = formatHistory(sample().events).trim().split('\n')
  t.equal(lines.length, 5)
  const fields = ['f', 'key', 'process', 'time_ns', 'type', 'value']
  for (const line of lines) t.same(Object.keys(JSON.parse(line)).toSorted(), fields)
  t.same(JSON.parse(lines[2] ?? ''), {
    ...{ process: 1, type: 'ok', f: 'write', key: 'x', value: null, time_ns: 3_000_000 },
  })
})

t.test('an operation is described in one line', async (t) => {
  const [first, second] = operationsOf(sample().events)
  if (first === undefined || second === undefined) throw new Error('two operations')
  t.equal(describeOperation(first), '0.001 s–0.003 s  process 1  write x "a" → null')
  t.equal(describeOperation(second), '0.002 s–…  process 2  read x → info')
})
