import t from 'tap'
import { isInside, missingForOwnNetwork, Segment } from '#chaos/own-network.ts'

t.test('interfaces are never made in the network of the host', async (t) => {
  t.notOk(isInside())
  t.throws(() => new Segment(['10.203.0.2/24']), /in a network of our own only/)
})

t.test('what is missing is said in a few words', async (t) => {
  const missing = await missingForOwnNetwork()
  t.ok(missing === null || missing.startsWith('needs '))
})
