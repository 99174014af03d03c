// Fenced power intents (design D11). At most one is open per machine: a new one replaces it, and whoever claimed the
// old one finds that its token is refused. A claim ends by log time or when it is reported; then another rack may
// try, until the tries or the time of the intent are used up. What a report means for the machine's status is a
// move like any other.
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type PowerState } from '#model/machine.ts'
import {
  POWER_ACT_MS,
  POWER_ATTEMPTS_MAX,
  POWER_CLAIM_MS,
  POWER_RETRY_MS,
  type PowerIntent,
} from '#model/power.ts'
import type { CommandOf } from './command.ts'
import { DONE, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { moveOn } from './life-cycle.ts'
import { switchedBy } from './power-farewells.ts'
import { cancelIntent, wishQuery } from './power-wishes.ts'

export const claimPower: Handler<'power.claim'> = ({ state, now }, command) => {
  const { rackId, systemId, fence } = command
  const switched = switchedBy(state, systemId)
  const intent = state.powerIntents.get(systemId)
  if (switched === undefined || intent?.fence !== fence) {
    return refuse('CONFLICT', 'The power intent is no more.')
  }
  const { claim } = intent
  // Whether that rack still lives is no argument: it may act until its time is over.
  if (claim !== null && claim.until > now) {
    return refuse('CONFLICT', `Rack ${claim.rackId} is at work on it.`)
  }
  if (intent.notBefore > now) return refuse('CONFLICT', 'The last try failed a moment ago.')
  if (intent.deadlineAt <= now) return refuse('CONFLICT', 'The time of the intent is over.')
  const token = state.revision
  const until = now + POWER_CLAIM_MS
  state.powerIntents.put(systemId, { ...intent, claim: { rackId, token, until } })
  const { powerType, powerParameters } = switched
  const { action, bootDevice, soft } = intent
  return {
    ok: true,
    value: {
      ...{ systemId, token, action, bootDevice, soft, powerType, powerParameters },
      claimMs: POWER_ACT_MS,
    },
  }
}

export const reportPower: Handler<'power.report'> = (context, command) => {
  const { state } = context
  const { rackId, systemId, token, result, message } = command
  const intent = state.powerIntents.get(systemId)
  if (intent?.claim?.token !== token || intent.claim.rackId !== rackId) {
    return refuse('CONFLICT', 'The claim of this report is no more.')
  }
  observePower(context, command)
  if (intent.action === 'query') {
    cancelIntent(state, systemId)
    return DONE
  }
  if (result === 'off') {
    // Who goes on with it after this rack died must not switch the machine off a second time.
    if (intent.action === 'cycle') state.powerIntents.put(systemId, { ...intent, action: 'on' })
    return DONE
  }
  if (result === 'failed') {
    tryAgainOrFail(context, intent, message)
    return DONE
  }
  cancelIntent(state, systemId)
  const type = intent.action === 'off' ? 'Node powered off' : 'Node powered on'
  addEvent(context, { systemId, username: '', level: 'INFO', type, description: message })
  if (intent.isOfMove || isOffAwaited(context, systemId, command.state)) {
    moveOn(context, systemId, 'powered')
  }
  return DONE
}

/** A machine on its way back to the pool waits for nothing else. */
function isOffAwaited({ state }: Context, systemId: SystemId, seen: PowerState): boolean {
  return state.machines.get(systemId)?.status === S.RELEASING && seen === 'off'
}

export const queryPower: Handler<'power.query'> = (context, { systemId }) => {
  if (!context.state.machines.has(systemId)) return notFound('Machine')
  return { ok: true, value: { fence: wishQuery(context, systemId) } }
}

export const reportPowerQuery: Handler<'power.queryReport'> = (context, command) => {
  const { state } = context
  const { systemId } = command
  if (!state.machines.has(systemId)) return notFound('Machine')
  observePower(context, command)
  // Off by itself is as good as switched off; an intent that somebody is at work on ends by his report.
  const isIdle = (state.powerIntents.get(systemId)?.claim ?? null) === null
  if (isIdle && isOffAwaited(context, systemId, command.state)) {
    cancelIntent(state, systemId)
    moveOn(context, systemId, 'powered')
  }
  return DONE
}

type Seen = Pick<CommandOf<'power.queryReport'>, 'systemId' | 'rackId' | 'state' | 'message'>

function observePower(context: Context, seen: Seen): void {
  const { state } = context
  const { systemId, rackId } = seen
  const machine = state.machines.get(systemId)
  if (machine === undefined || machine.powerState === seen.state) return
  const reached = seen.state === 'error' ? {} : { powerRackId: rackId }
  state.machines.put(systemId, { ...machine, powerState: seen.state, ...reached })
  if (seen.state !== 'error') return
  addEvent(context, {
    ...{ systemId, username: '', level: 'WARNING', type: `Failed to query node's BMC` },
    description: seen.message,
  })
}

function tryAgainOrFail(context: Context, intent: PowerIntent, message: string): void {
  const { state, now } = context
  const { systemId } = intent
  const attempt = intent.attempt + 1
  if (attempt < POWER_ATTEMPTS_MAX && intent.deadlineAt > now) {
    const notBefore = now + POWER_RETRY_MS
    state.powerIntents.put(systemId, { ...intent, attempt, notBefore, claim: null })
    return
  }
  failIntent(context, intent, message)
}

function failIntent(context: Context, intent: PowerIntent, message: string): void {
  const { systemId, action, isOfMove } = intent
  cancelIntent(context.state, systemId)
  // Who asked is told by whoever he asked; the machine is as it was.
  if (action === 'query') return
  const what = action === 'off' ? 'off' : 'on'
  addEvent(context, {
    ...{ systemId, username: '', level: 'ERROR', type: `Failed to power ${what} node` },
    description: message,
  })
  // What a user wished beside it fails by itself.
  if (isOfMove)
    moveOn(context, systemId, 'failed', { error: `Failed to power ${what} node: ${message}` })
}

/** Intents whose time is over without a result. */
export function expireIntents(context: Context, limit: number): void {
  const { state, now } = context
  for (const systemId of state.powerIntentEnds.ended(now, limit)) {
    const intent = state.powerIntents.get(systemId)
    if (intent === undefined) continue
    failIntent(context, intent, 'no rack could do it in time.')
  }
}
