import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { answerLeaveRequest, readLeaveAnswer, requestLeave } from '#node/leave-request.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise } from '#test/support/region-state.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

async function makeStage(t: Test, ids: readonly string[]) {
  const directory = await temporaryDirectory(t)
  const region = new MemoryRegion(makeFakeClock(), initialise())
  for (const [port, id] of ids.entries()) {
    const address = { host: '192.0.2.1', port, apiUrl: '' }
    const register = { type: 'member.register', id: id as SystemId, ...address } as const
    await region.propose(register, { actor: SYSTEM_ACTOR })
  }
  const { logger } = makeLogRecorder()
  return { directory, region, logger }
}
const wishes = ({ region }: { readonly region: MemoryRegion }): number =>
  region.proposed.filter(({ type }) => type === 'member.remove').length

t.test('without a request nothing is wished', async (t) => {
  const stage = await makeStage(t, ['region-1', 'region-2'])
  await answerLeaveRequest(stage)
  t.equal(wishes(stage), 0)
  t.equal(await readLeaveAnswer(stage.directory), undefined)
})

t.test('a request becomes this node’s wish, once, and is answered', async (t) => {
  const stage = await makeStage(t, ['region-1', 'region-2'])
  await requestLeave(stage.directory)
  await answerLeaveRequest(stage)
  await answerLeaveRequest(stage)
  t.same(await readLeaveAnswer(stage.directory), { ok: true, message: '' })
  t.equal(wishes(stage), 1)
  t.equal(stage.region.local().state.members.get('region-1' as SystemId)?.status, 'leaving')
})

t.test(
  'a refusal and a missing quorum are answered too; the next request is a new one',
  async (t) => {
    const stage = await makeStage(t, ['region-1'])
    await requestLeave(stage.directory)
    await answerLeaveRequest(stage)
    t.match(await readLeaveAnswer(stage.directory), { ok: false, message: /the only region node/ })
    await writeFile(join(stage.directory, 'other'), '')
    await requestLeave(stage.directory)
    t.equal(await readLeaveAnswer(stage.directory), undefined, 'the old answer is gone')
    stage.region.failWith('NO_QUORUM')
    await answerLeaveRequest(stage)
    t.match(await readLeaveAnswer(stage.directory), { ok: false })
  },
)
