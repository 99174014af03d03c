import t from 'tap'
import { defaultRaftConfig, validateConfig } from '#raft/config.ts'

t.test('the defaults are valid', (t) => {
  t.doesNotThrow(() => validateConfig(defaultRaftConfig))
  t.end()
})

t.test('a configuration that cannot work is refused, with the reason', (t) => {
  const cases = [
    { change: { heartbeatTicks: 0 }, reason: /heartbeatTicks is positive/ },
    { change: { appendBytesMax: 1.5 }, reason: /appendBytesMax is a whole number/ },
    { change: { electionTicksMin: 5 }, reason: /three heartbeats/ },
    { change: { inflightBytesMax: 10 }, reason: /fits the window/ },
  ]
  for (const { change, reason } of cases) {
    t.throws(() => validateConfig({ ...defaultRaftConfig, ...change }), reason)
  }
  t.end()
})
