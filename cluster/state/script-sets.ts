// Sets of script results: made with the work they belong to, kept as many as the settings say, ended with the status
// that the work ends in. No result stays open when nobody works on it.
import type { SystemId } from '#model/ids.ts'
import { lacksPower, lifeOf, type Move } from '#model/life-cycle.ts'
import { BMC_SCRIPT, INSTALL_LOG } from '#model/builtin-scripts.ts'
import { MACHINE_STATUS as M, type Machine, type MachineStatus } from '#model/machine.ts'
import type { ProbeOptions } from '#model/machine-work.ts'
import {
  RESULT_TYPE as T,
  SCRIPT_STATUS as S,
  type ResultType,
  type ScriptResult,
  type ScriptSet,
  type ScriptStatus,
} from '#model/script-result.ts'
import { isFailure, isOpen } from '#model/script-status.ts'
import {
  chooseScripts,
  installation,
  isPerDevice,
  runsOf,
  tooManyRuns,
  type ChosenScript,
} from './choose-scripts.ts'
import { configOf } from './config-keys.ts'
import { nextId, type Context } from './context.ts'
import { SCRIPT_OUTPUT_SETS_MAX, SCRIPT_RESULTS_PER_SET_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import {
  allSetsOf,
  currentResults,
  currentSetOf,
  parametersNamed,
  resultsOf,
  setsOf,
} from './script-query.ts'
import type { RegionState } from './state.ts'

type Probe = {
  readonly kind: 'commission' | 'test'
  readonly options: ProbeOptions
  readonly enlisting?: boolean
}

/** Null: made; while enlisting always. Without a test that is wanted there is no set of tests. */
export function beginProbe(
  context: Context,
  systemId: SystemId,
  { kind, options, enlisting = false }: Probe,
): Refusal | null {
  const probes = { type: T.COMMISSIONING, words: options.commissioningScripts } as const
  const tests = { type: T.TESTING, words: options.testingScripts } as const
  const setsUpBmc = !options.skipBmcConfig && takesBmcOf(context.state, systemId, enlisting)
  for (const wanted of kind === 'commission' ? [probes, tests] : [tests]) {
    const all = chooseScripts(context.state, { ...wanted, enlisting })
    if ('ok' in all) return all
    const chosen = all.filter(
      ({ name, scriptId }) => scriptId !== null || name !== BMC_SCRIPT || setsUpBmc,
    )
    if (chosen.length === 0) continue
    const set = makeSet(context, systemId, wanted.type)
    const given = options.parameters
    const refusal = fill(context, set, { chosen, given, lenient: enlisting })
    if (refusal !== null) return refusal
  }
  return null
}

/** Else a new password would lock out whoever has the old one. */
function takesBmcOf(state: RegionState, systemId: SystemId, enlisting: boolean): boolean {
  const machine = state.machines.get(systemId)
  if (machine === undefined || machine.locked) return false
  return lacksPower(machine, enlisting || lifeOf(machine).enlisting)
}

/** Of a deployment: its one result is the log. */
export function beginInstallation(context: Context, systemId: SystemId): void {
  const set = makeSet(context, systemId, T.INSTALLATION)
  addResult(context, set, { script: installation(INSTALL_LOG), parameters: {} })
}

const KEPT: { readonly [N in ResultType]: string } = {
  [T.COMMISSIONING]: 'max_node_commissioning_results',
  [T.INSTALLATION]: 'max_node_installation_results',
  [T.TESTING]: 'max_node_testing_results',
  [T.RELEASE]: 'max_node_release_results',
}

function makeSet(context: Context, systemId: SystemId, type: ResultType): ScriptSet {
  const { state, wall } = context
  const id = nextId<number>(state, 'scriptSets')
  const set = {
    ...{ id, systemId, type, revision: state.revision },
    ...{ createdWall: wall, lastPingWall: null },
  }
  state.scriptSets.put(id, set)
  const sets = setsOf(state, systemId, type)
  const max = Number(configOf(state, KEPT[type]))
  for (const old of sets.slice(0, -max)) deleteSet(state, old)
  for (const old of sets.slice(0, -SCRIPT_OUTPUT_SETS_MAX)) {
    for (const row of resultsOf(state, old)) state.scriptOutputs.delete(row.id)
  }
  return set
}

type Filling = {
  readonly chosen: readonly ChosenScript[]
  readonly given: ProbeOptions['parameters']
  /** Leaves out what cannot run instead of refusing: nobody is there to be told. */
  readonly lenient: boolean
}

function fill(
  context: Context,
  set: ScriptSet,
  { chosen, given, lenient }: Filling,
): Refusal | null {
  const { state } = context
  let count = 0
  for (const script of chosen) {
    const runs = runsOf(state, set.systemId, { script, given })
    if ('ok' in runs && lenient) continue
    if ('ok' in runs) return runs
    count += runs.length
    if (count > SCRIPT_RESULTS_PER_SET_MAX && lenient) return null
    if (count > SCRIPT_RESULTS_PER_SET_MAX) return tooManyRuns()
    for (const parameters of runs) addResult(context, set, { script, parameters })
  }
  return null
}

function addResult(
  { state, wall }: Context,
  set: ScriptSet,
  of: { readonly script: ChosenScript; readonly parameters: ScriptResult['parameters'] },
): void {
  const id = nextId<number>(state, 'scriptResults')
  const { parameters: _possible, ...script } = of.script
  state.scriptResults.put(id, {
    ...{ id, setId: set.id, systemId: set.systemId, ...script, parameters: of.parameters },
    ...{ status: S.PENDING, exitStatus: null, suppressed: false },
    ...{ createdWall: wall, startedWall: null, endedWall: null },
  })
}

/** With its results and outputs. */
export function deleteSet(state: RegionState, set: ScriptSet): void {
  for (const { id } of resultsOf(state, set)) {
    state.scriptOutputs.delete(id)
    state.scriptResults.delete(id)
  }
  state.scriptSets.delete(set.id)
}

/** Of a machine that goes. */
export function dropSets(state: RegionState, systemId: SystemId): void {
  for (const set of allSetsOf(state, systemId)) deleteSet(state, set)
}

/** Tests that wait to run for each disk or interface do so for those that there are now. */
export function renewDeviceTests(context: Context, systemId: SystemId): void {
  const { state } = context
  const work = state.machineWork.get(systemId)
  const set = currentSetOf(state, systemId, T.TESTING)
  if (set === undefined || work?.work.kind !== 'commission') return
  // A set of tests of its own is about what its user named.
  if (set.revision !== work.revision) return
  const all = resultsOf(state, set)
  const given = work.work.options.parameters
  for (const name of new Set(all.map((row) => row.name))) {
    const rows = all.filter((row) => row.name === name)
    const [first] = rows
    if (first === undefined || rows.some(({ status }) => status !== S.PENDING)) continue
    const script = { ...first, parameters: parametersNamed(state, first) }
    if (!isPerDevice(script)) continue
    const runs = runsOf(state, systemId, { script, given })
    if ('ok' in runs || isSame(rows, runs)) continue
    const { hardwareType, parallel, timeoutSeconds, scriptId, scriptRevisionId } = first
    const chosen = { name, hardwareType, parallel, timeoutSeconds, scriptId, scriptRevisionId }
    for (const { id } of rows) state.scriptResults.delete(id)
    const again = [{ ...chosen, parameters: script.parameters }]
    fill(context, set, { chosen: again, given, lenient: true })
  }
}

function isSame(
  rows: readonly ScriptResult[],
  runs: readonly ScriptResult['parameters'][],
): boolean {
  const texts = (all: readonly ScriptResult['parameters'][]): string =>
    all.map((each) => Object.values(each).join()).join('\n')
  return texts(rows.map(({ parameters }) => parameters)) === texts(runs)
}

/** Statuses that have open results, and of which types. */
const OPEN_IN: Partial<Record<MachineStatus, readonly ResultType[]>> = {
  [M.COMMISSIONING]: [T.COMMISSIONING, T.TESTING],
  [M.TESTING]: [T.TESTING],
  [M.DEPLOYING]: [T.INSTALLATION],
}

type Ending = { readonly pending: ScriptStatus; readonly running: ScriptStatus }
const ABORTED: Ending = { pending: S.ABORTED, running: S.ABORTED }
const ENDINGS: Partial<Record<Move, Ending>> = {
  // It says that it is done and never said that it ran them.
  commissioned: { pending: S.SKIPPED, running: S.ABORTED },
  enlisted: { pending: S.SKIPPED, running: S.ABORTED },
  testingBegun: { pending: S.SKIPPED, running: S.ABORTED },
  tested: { pending: S.SKIPPED, running: S.ABORTED },
  booted: { pending: S.PASSED, running: S.PASSED },
}

/** The machine leaves its status: what was open in it ends. */
export function closeResults(
  context: Context,
  { systemId, status }: Machine,
  { move, timedOut }: { readonly move: Move; readonly timedOut: boolean },
): void {
  const open = OPEN_IN[status] ?? []
  for (const type of move === 'testingBegun' ? [T.COMMISSIONING] : open) {
    const isInstall = type === T.INSTALLATION && move === 'failed'
    const failed = isInstall ? { pending: S.FAILED, running: S.FAILED } : ABORTED
    const late = { pending: S.TIMED_OUT, running: S.TIMED_OUT }
    const ending = ENDINGS[move] ?? (timedOut ? late : failed)
    for (const row of currentResults(context.state, systemId, type)) endResult(context, row, ending)
  }
}

function endResult({ state, wall }: Context, row: ScriptResult, ending: Ending): void {
  if (!isOpen(row.status)) return
  const status = row.status === S.PENDING ? ending.pending : ending.running
  const endedWall = row.startedWall === null && status !== S.PASSED ? null : wall
  state.scriptResults.put(row.id, { ...row, status, endedWall })
}

/**
 * Names of the scripts because of which the machine may not leave its status as it wishes. The newest set of tests need
 * not be of this work: a commissioning without tests has none.
 */
export function failedScripts(
  state: RegionState,
  { systemId, status }: Machine,
): readonly string[] {
  const types = status === M.DEPLOYING ? [] : (OPEN_IN[status] ?? [])
  const revision = state.machineWork.get(systemId)?.revision
  const sets = types.flatMap((type) => currentSetOf(state, systemId, type) ?? [])
  const rows = sets
    .filter((set) => set.revision === revision)
    .flatMap((set) => resultsOf(state, set))
  const failed = rows.filter((row) => isFailure(row.status) && !row.suppressed)
  return [...new Set(failed.map(({ name }) => name))]
}
