// Machines that were deleted while they were on: MAAS switches them off. The machine is gone at once; its intent (design
// D11) and what a rack needs to carry it out stay for as long as the intent lasts. Nothing is switched once the BMC
// belongs to another machine: who registers it ends the farewell, or waits where a rack may be at work on it this
// very moment.
import { bmcOf, isSameBmc, type Bmc } from '#model/bmc.ts'
import { POWER_LEVEL } from '#model/feature-level.ts'
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import type { PowerFarewell } from '#model/power.ts'
import { refuse, type Context } from './context.ts'
import type { Refusal } from './outcome.ts'
import { cancelIntent, wishPower } from './power-wishes.ts'
import type { RegionState } from './state.ts'

/** Before the machine's row goes. What was wished of it ends in any case. */
export function bidFarewell(context: Context, machine: Machine): void {
  const { state } = context
  const { systemId, hostname, powerType, powerParameters, powerState } = machine
  const open = state.powerIntents.get(systemId)
  cancelIntent(state, systemId)
  const busyUntil = open?.claim?.until ?? 0
  // A machine that was seen off may be on its way up.
  const isOff = powerState === 'off' && busyUntil <= context.now
  if (state.featureLevel < POWER_LEVEL || isOff) return
  const bmc = bmcOf(powerType, powerParameters)
  if (bmc === null || machineWith(state, bmc, systemId) !== undefined) return
  if (!wishPower(context, systemId, { action: 'off', soft: false, isOfMove: false })) return
  const farewell = { systemId, hostname, powerType, powerParameters, busyUntil }
  state.powerFarewells.put(systemId, farewell)
}

type Switched = Pick<PowerFarewell, 'powerType' | 'powerParameters'>

/** Who an intent is about. */
export function switchedBy(state: RegionState, systemId: SystemId): Switched | undefined {
  return state.machines.get(systemId) ?? state.powerFarewells.get(systemId)
}

/** A machine that has the BMC, the first of several. */
export function machineWith(
  state: RegionState,
  bmc: Bmc,
  except: SystemId | null,
): Machine | undefined {
  return state.machinesByBmc.rows(bmc.host).find(({ systemId, powerType, powerParameters }) => {
    const other = bmcOf(powerType, powerParameters)
    return systemId !== except && other !== null && isSameBmc(bmc, other)
  })
}

/** Before a machine gets the BMC. Refused while a rack may be switching it for a machine that is no more. */
export function takeBmc(
  { state, now }: Context,
  { powerType, powerParameters }: Switched,
): Refusal | null {
  const bmc = bmcOf(powerType, powerParameters)
  if (bmc === null || state.powerFarewells.size === 0) return null
  const same = [...state.powerFarewells.values()].filter((farewell) => {
    const other = bmcOf(farewell.powerType, farewell.powerParameters)
    return other !== null && isSameBmc(bmc, other)
  })
  for (const { systemId, hostname, busyUntil } of same) {
    const intent = state.powerIntents.get(systemId)
    // After a failed try the BMC may yet do it: nobody claims before `notBefore`.
    const until = Math.max(busyUntil, intent?.claim?.until ?? 0, intent?.notBefore ?? 0)
    if (until <= now) continue
    const text = `The BMC is switching off the deleted machine ${hostname}: try again in a minute.`
    return refuse('CONFLICT', text)
  }
  for (const { systemId } of same) cancelIntent(state, systemId)
  return null
}
