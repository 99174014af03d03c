// What a rack is told of a machine's BMC so that it may ask it (`power.parameters`): only the rack that looks after the
// machine, or any rack while nobody reaches it; never while it is being switched. Pure. The answer has secrets: it
// goes over the rack's link, and nowhere else.
import type { SystemId } from '#model/ids.ts'
import type { PowerParametersAnswer } from '#model/power.ts'
import { pollerOf } from '#model/power-poll.ts'
import type { Outcome } from '#state/outcome.ts'
import { liveRacks, powerOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

export function readPowerParameters(
  state: RegionState,
  { rackId, systemId }: { readonly rackId: SystemId; readonly systemId: SystemId },
): Outcome {
  const machine = state.machines.get(systemId)
  const power = machine === undefined ? null : powerOf(machine)
  if (machine === undefined || power === null) return no('NOT_FOUND', 'It has no BMC.')
  if (state.powerIntents.has(systemId)) return no('CONFLICT', 'It is being switched.')
  const racks = liveRacks(state)
  const isLive = racks.includes(rackId)
  // Whose turn it is depends on the moment; while it is in error every rack has one.
  const isItsTurn =
    power.state === 'error' || pollerOf(systemId, power, { racks, turn: 0 }) === rackId
  if (!isLive || !isItsTurn) return no('FORBIDDEN', 'Another rack looks after it.')
  const { powerType, powerParameters } = machine
  const value: PowerParametersAnswer = { systemId, powerType, powerParameters }
  return { ok: true, value }
}

function no(code: 'NOT_FOUND' | 'CONFLICT' | 'FORBIDDEN', message: string): Outcome {
  return { ok: false, code, message }
}
