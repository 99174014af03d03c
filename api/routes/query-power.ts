// `op=query_power_state`: asks the machine's BMC, through a rack. An intent that only looks is put into the log, so any
// region may be asked and any rack may answer, the one that looks after the machine first; several who ask at once wait
// for one answer. A machine that is being switched, or has no BMC, is answered for by what is known.
import type { SystemId } from '#model/ids.ts'
import { isByHand } from '#model/power.ts'
import { liveRacks } from '#state/query.ts'
import { json, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { machineOf } from './find-machine.ts'

/** Racks answer in a second or two; a BMC that is silent takes longer than anybody waits. */
const WAIT_MS = 10_000

export async function queryPower(call: Call): Promise<Answer> {
  const state = await call.state()
  const { systemId, powerType, powerState } = machineOf(state, call)
  const isSwitched = (state.powerIntents.get(systemId)?.action ?? 'query') !== 'query'
  if (isByHand(powerType) || isSwitched) return json({ state: powerState })
  if (liveRacks(state).length === 0) throw unavailable('No rack controller is connected.')
  const { fence } = await call.propose({ type: 'power.query', systemId })
  if (fence !== null && !(await isAnswered(call, systemId, fence))) {
    throw unavailable('No rack controller said in time whether it is on.')
  }
  return json({ state: machineOf(call.after(), call).powerState })
}

/** Or replaced by a wish to switch it. */
function isAnswered({ region }: Call, systemId: SystemId, fence: number): Promise<boolean> {
  const isOver = (): boolean => region.local().state.powerIntents.get(systemId)?.fence !== fence
  return new Promise((resolve) => {
    let stop = (): void => {}
    const done = (): void => {
      clearTimeout(timer)
      stop()
      resolve(isOver())
    }
    const look = (): void => {
      if (isOver()) done()
    }
    const timer = setTimeout(done, WAIT_MS)
    stop = region.watch(region.local().revision, { onBatch: look, onReset: look })
    look()
  })
}

function unavailable(message: string): Rejection {
  return new Rejection('CONFLICT', message, { status: 503, retryAfterSeconds: 10 })
}
