// The token by which a booted machine is known at the metadata service (maas-api §11): one for each stay in a status,
// so that what an earlier boot, or an earlier owner, kept of it opens nothing. The secrets are made by the API.
import { bootsDeployed, lifeOf, type Move } from '#model/life-cycle.ts'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import type { MachineToken } from '#model/machine-token.ts'
import { notFound, refuse, type Context, type Handler } from './context.ts'
import { statusName } from './life-cycle-texts.ts'
import type { Refusal } from './outcome.ts'
import { runsFromMemory } from './query.ts'
import type { RegionState } from './state.ts'

/** Statuses in which a machine boots from the network to work, and gets a token for it. */
const BOOTS: ReadonlySet<MachineStatus> = new Set([
  ...[S.NEW, S.COMMISSIONING, S.TESTING, S.DEPLOYING, S.DISK_ERASING],
  ...[S.ENTERING_RESCUE_MODE, S.RESCUE_MODE],
])

/** Moves within one boot: whoever spoke before goes on speaking. */
const GOES_ON: ReadonlySet<Move> = new Set<Move>([
  ...(['enlistmentBegun', 'testingBegun', 'rescueBegun', 'booted'] as const),
])

/** The same token again to the same address: cloud-init asks twice in one boot. */
export const issueToken: Handler<'machineToken.issue'> = (context, command) => {
  const { state, wall } = context
  const { type: _type, ...given } = command
  const machine = state.machines.get(given.systemId)
  if (machine === undefined) return notFound('Machine')
  if (!boots(state, machine)) {
    const name = statusName(machine.status)
    return refuse('CONFLICT', `A machine that is ${name} boots nothing that needs a token.`)
  }
  const known = state.machineTokens.get(given.systemId)
  const { enteredAt } = lifeOf(machine)
  if (known?.enteredAt === enteredAt && known.address === given.address) {
    return { ok: true, value: secretsOf(known) }
  }
  const other = state.machineTokensByKey.first(given.tokenKey)
  if (other !== undefined && other.systemId !== given.systemId) {
    return refuse('CONFLICT', 'The token is in use.')
  }
  const token: MachineToken = { ...given, enteredAt, createdWall: wall }
  state.machineTokens.put(given.systemId, token)
  return { ok: true, value: secretsOf(token) }
}

/** What runs from memory has no disk with its token, so it asks anew whenever it starts. */
function boots(state: RegionState, machine: Machine): boolean {
  if (BOOTS.has(machine.status)) return true
  return bootsDeployed(machine) && runsFromMemory(state, machine.systemId)
}

function secretsOf({ consumerKey, tokenKey, tokenSecret }: MachineToken) {
  return { consumerKey, tokenKey, tokenSecret }
}

/**
 * Null: it is the machine's own word of this stay. What an earlier boot said may arrive late, by a region that did not yet
 * know better.
 */
export function whyNotBelieved(
  { state }: Context,
  { systemId, tokenKey }: { readonly systemId: SystemId; readonly tokenKey?: string },
): Refusal | null {
  if (tokenKey === undefined) return null
  if (state.machineTokens.get(systemId)?.tokenKey === tokenKey) return null
  return refuse('FORBIDDEN', 'The token of the machine is no more.')
}

/** The machine has moved: its token goes on with it within one boot, else it is no more. */
export function followMove({ state }: Context, move: Move, { systemId }: Machine): void {
  const token = state.machineTokens.get(systemId)
  const machine = state.machines.get(systemId)
  if (token === undefined || machine === undefined) return
  // Back from a rescue, what runs from memory may have asked before its power was reported.
  const goesOn = GOES_ON.has(move) || (move === 'powered' && machine.status === S.DEPLOYED)
  if (!goesOn) state.machineTokens.delete(systemId)
  else state.machineTokens.put(systemId, { ...token, enteredAt: lifeOf(machine).enteredAt })
}
