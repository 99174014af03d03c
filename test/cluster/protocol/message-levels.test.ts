import t from 'tap'
import { FIRST_LEVELS, SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { isKnownTo } from '#protocol/message-levels.ts'
import { PEER_SAMPLES } from '#test/support/golden-messages.ts'

const known = (levels: { readonly min: number; readonly max: number }): readonly string[] => {
  const messages = Object.values(PEER_SAMPLES).filter((message) => isKnownTo(message, levels))
  return [...new Set(messages.map(({ type }) => type))].toSorted()
}

t.test('the first version knows four messages, ours all', async (t) => {
  t.same(known(FIRST_LEVELS), ['forward', 'forwarded', 'raft', 'report'])
  const all = [...new Set(Object.values(PEER_SAMPLES).map(({ type }) => type))]
  t.same(known(SUPPORTED_LEVELS), all.toSorted())
})
