// DELETE regioncontrollers/{system_id}/: the region node leaves the cluster. It is the wish of `ironraft region remove`:
// the leader asks the quorum, so the answer waits for how that ended.
import type { SystemId } from '#model/ids.ts'
import type { MemberStatus } from '#model/member.ts'
import { NO_CONTENT, text, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { flag } from '../params.ts'
import { remove, taking, type Action } from '../resource.ts'
import { controllerOf } from './controller-of.ts'

/** A removal takes one joint configuration; beyond this the client reads the list again. */
const WAIT_MS = 20_000

export const REMOVE_REGION: Action = taking(
  { force: flag('Also when the region is running.') },
  (run) => remove('admin', 'Remove a region node from the cluster.', run),
  async (call, { force }): Promise<Answer> => {
    const { systemId, hostname } = controllerOf(await call.state(), call, 'region')
    const seen = call.region.status().members.find(({ id }) => id === systemId)
    if (seen?.reachable === true && force !== true) {
      const message = `Region ${hostname} is running: stop it first, or use force=true.`
      throw new Rejection('VALIDATION', message)
    }
    await call.propose({ type: 'member.remove', id: systemId })
    const status = await statusAfter(call, systemId)
    if (status === 'removed') return NO_CONTENT
    if (status === 'leaving') return text(`Region ${hostname} is leaving.`, 202)
    const note = call.after().members.get(systemId)?.note ?? ''
    throw new Rejection('VALIDATION', `Region ${hostname} stays: ${note}`)
  },
)

/** What the wish came to; `leaving` when it took too long. */
function statusAfter(call: Call, id: SystemId): Promise<MemberStatus | undefined> {
  const status = () => call.after().members.get(id)?.status
  return new Promise((resolve) => {
    let stop = (): void => {}
    const done = (): void => {
      clearTimeout(timer)
      stop()
      resolve(status())
    }
    const look = (): void => {
      if (status() !== 'leaving') done()
    }
    const timer = setTimeout(done, WAIT_MS)
    stop = call.region.watch(call.region.local().revision, { onBatch: look, onReset: look })
    look()
  })
}
