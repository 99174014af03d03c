// Makes and takes back power intents; what becomes of them is `power-intents.ts`.
import type { SystemId } from '#model/ids.ts'
import { isByHand, POWER_INTENT_MS, POWER_QUERY_MS, type PowerIntent } from '#model/power.ts'
import type { Context } from './context.ts'
import type { RegionState } from './state.ts'

/** Replaces the open one. False: the machine is switched by hand, there is nothing to do. */
export function wishPower(
  { state, now }: Context,
  systemId: SystemId,
  wish: Pick<PowerIntent, 'action' | 'soft' | 'isOfMove'>,
): boolean {
  const machine = state.machines.get(systemId)
  if (machine === undefined || isByHand(machine.powerType)) return false
  state.powerIntents.put(systemId, {
    ...{ systemId, ...wish, bootDevice: 'pxe', fence: state.revision, attempt: 0 },
    ...{ deadlineAt: now + POWER_INTENT_MS, notBefore: now, claim: null },
  })
  return true
}

/** The fence of the intent to look at it; null when there is none to wait for. */
export function wishQuery({ state, now }: Context, systemId: SystemId): number | null {
  const machine = state.machines.get(systemId)
  if (machine === undefined || isByHand(machine.powerType)) return null
  const open = state.powerIntents.get(systemId)
  // What is being switched is not looked at meanwhile; several who ask wait for one answer.
  if (open !== undefined) return open.action === 'query' ? open.fence : null
  const fence = state.revision
  state.powerIntents.put(systemId, {
    ...{ systemId, action: 'query', bootDevice: 'pxe', soft: false, isOfMove: false, fence },
    ...{ attempt: 0, deadlineAt: now + POWER_QUERY_MS, notBefore: now, claim: null },
  })
  return fence
}

export function cancelIntent(state: RegionState, systemId: SystemId): void {
  state.powerIntents.delete(systemId)
  state.powerFarewells.delete(systemId)
}
