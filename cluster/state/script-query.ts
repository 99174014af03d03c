// Read-only selectors of script sets, results and found devices.
import { BUILTIN_SCRIPTS, type ScriptParameter } from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import { parametersOf } from '#model/script-header.ts'
import {
  RESULT_TYPE,
  type ResultType,
  type ScriptResult,
  type ScriptSet,
} from '#model/script-result.ts'
import { textOf } from './object-query.ts'
import type { RegionState } from './state.ts'

/** Of a machine and a type, oldest first. */
export function setsOf(
  state: RegionState,
  systemId: SystemId,
  type: ResultType,
): readonly ScriptSet[] {
  return state.scriptSetsByMachine.rows(`${systemId}/${type}`)
}

/** Of all types, in the order of their ids. */
export function allSetsOf(state: RegionState, systemId: SystemId): readonly ScriptSet[] {
  return Object.values(RESULT_TYPE)
    .flatMap((type) => setsOf(state, systemId, type))
    .toSorted((a, b) => a.id - b.id)
}

/** The newest of a type. */
export function currentSetOf(
  state: RegionState,
  systemId: SystemId,
  type: ResultType,
): ScriptSet | undefined {
  return setsOf(state, systemId, type).at(-1)
}

/** In the order in which they run. */
export function resultsOf(state: RegionState, set: ScriptSet): readonly ScriptResult[] {
  return state.scriptResultsBySet.rows(set.id)
}

/** Results of the newest set of a type. */
export function currentResults(
  state: RegionState,
  systemId: SystemId,
  type: ResultType,
): readonly ScriptResult[] {
  const set = currentSetOf(state, systemId, type)
  return set === undefined ? [] : resultsOf(state, set)
}

/** What the parameters of a script may be; of one that is gone none. */
export function parametersNamed(
  state: RegionState,
  { name, scriptId }: Pick<ScriptResult, 'name' | 'scriptId'>,
): Readonly<Record<string, ScriptParameter>> {
  if (scriptId === null) return BUILTIN_SCRIPTS.find((row) => row.name === name)?.parameters ?? {}
  const row = state.scripts.get(scriptId)
  return row === undefined ? {} : parametersOf(textOf(row))
}
