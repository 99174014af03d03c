// What machines report of their scripts, and what people do with it.
import type { SystemId } from '#model/ids.ts'
import {
  SCRIPT_STATUS as S,
  type ScriptOutput,
  type ScriptResult,
  type ScriptSet,
} from '#model/script-result.ts'
import { isFailure, isOpen } from '#model/script-status.ts'
import type { CommandOf } from './command.ts'
import { DONE, invalid, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { machineFor, whyNotAllowed } from './life-cycle.ts'
import { SCRIPT_OUTPUT_CHARACTERS_MAX, SCRIPT_OUTPUTS_CHARACTERS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import { currentSetOf, parametersNamed } from './script-query.ts'
import { deleteSet } from './script-sets.ts'
import type { RegionState } from './state.ts'

type Report = CommandOf<'scriptResult.report'>
const TEXTS = ['output', 'stdout', 'stderr', 'result'] as const

export const reportResult: Handler<'scriptResult.report'> = (context, command) => {
  const { state, wall } = context
  const row = state.scriptResults.get(command.resultId)
  if (row === undefined || row.systemId !== command.systemId) return notFound('ScriptResult')
  const set = state.scriptSets.get(row.setId)
  if (set === undefined || currentSetOf(state, row.systemId, set.type)?.id !== set.id) {
    return refuse('CONFLICT', `Result ${row.id} is not of the newest set.`)
  }
  if (TEXTS.some((name) => command[name].length > SCRIPT_OUTPUT_CHARACTERS_MAX)) {
    return invalid('__all__', `At most ${SCRIPT_OUTPUT_CHARACTERS_MAX} characters of each output.`)
  }
  if (isOpen(row.status)) move(context, row, command)
  // What ended when its machine's status did may still be told.
  if (isOpen(row.status) || !state.scriptOutputs.has(row.id)) keepOutput(state, command)
  state.scriptSets.put(set.id, { ...set, lastPingWall: wall } satisfies ScriptSet)
  return DONE
}

function move(context: Context, row: ScriptResult, command: Report): void {
  const { state, wall } = context
  const { status, exitStatus, runtimeMs } = command
  // What runs does not wait again.
  const next = status === S.PENDING ? row.status : status
  const started = row.startedWall ?? wall - (runtimeMs ?? 0)
  const startedWall = next === S.PENDING ? null : started
  const ended = runtimeMs === null ? wall : started + runtimeMs
  const endedWall = isOpen(next) ? null : ended
  state.scriptResults.put(row.id, { ...row, status: next, exitStatus, startedWall, endedWall })
  if (isFailure(next)) tell(context, row, command)
}

const WHAT_HAPPENED: Partial<Record<Report['status'], string>> = {
  [S.TIMED_OUT]: 'took longer than it may',
  [S.FAILED_INSTALLING]: 'got no packages',
  [S.FAILED_APPLYING_NETCONF]: 'got no network',
}

/** Of its values only what it ran for: others may be secrets. */
function tell(context: Context, row: ScriptResult, command: Report): void {
  const { systemId, name } = row
  const possible = parametersNamed(context.state, row)
  const values = Object.entries(row.parameters)
    .filter(([each]) => possible[each]?.type === 'storage' || possible[each]?.type === 'interface')
    .map(([, value]) => value)
    .join(', ')
  const subject = values === '' ? name : `${name} on ${values}`
  const exit = command.exitStatus === null ? '' : ` with exit status ${command.exitStatus}`
  const description = `${subject} ${WHAT_HAPPENED[command.status] ?? `failed${exit}`}`
  addEvent(context, {
    ...{ systemId, username: '', level: 'ERROR', type: 'Script result', description },
  })
}

/** Nothing said is nothing kept. The oldest of all machines go when there are too many. */
function keepOutput(state: RegionState, { resultId, systemId, ...command }: Report): void {
  const { output, stdout, stderr, result } = command
  if (output + stdout + stderr + result === '') return
  const row: ScriptOutput = { resultId, systemId, output, stdout, stderr, result }
  state.scriptOutputs.put(resultId, row)
  while (state.scriptOutputSize.characters > SCRIPT_OUTPUTS_CHARACTERS_MAX) {
    const oldest = state.scriptOutputs.firstKey()
    if (oldest === undefined || oldest === resultId) return
    state.scriptOutputs.delete(oldest)
  }
}

export const suppressResults: Handler<'scriptResult.suppress'> = (context, command) => {
  const { state } = context
  const { systemId, resultIds, suppressed } = command
  const refusal = whyNot(context, systemId)
  if (refusal !== null) return refusal
  for (const id of resultIds) {
    const row = state.scriptResults.get(id)
    if (row === undefined || row.systemId !== systemId) return notFound('ScriptResult')
    if (row.suppressed !== suppressed) state.scriptResults.put(id, { ...row, suppressed })
  }
  return DONE
}

export const deleteScriptSet: Handler<'scriptSet.delete'> = (context, { systemId, setId }) => {
  const { state } = context
  const refusal = whyNot(context, systemId)
  if (refusal !== null) return refusal
  const set = state.scriptSets.get(setId)
  if (set === undefined || set.systemId !== systemId) return notFound('ScriptSet')
  deleteSet(state, set)
  return DONE
}

/** For administrators, whatever the lock of the machine: nothing on it changes. */
function whyNot(context: Context, systemId: SystemId): Refusal | null {
  const machine = machineFor(context, systemId)
  if (machine === undefined) return notFound('Machine')
  return whyNotAllowed(context, { ...machine, locked: false }, 'admin')
}
