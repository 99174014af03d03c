// Which scripts run, and for what: by name, tag or default, as MAAS chooses them, and one run for each disk or
// interface that a parameter names.
import {
  BUILTIN_SCRIPTS,
  type BuiltinScript,
  type ScriptParameter,
} from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import type { ProbeOptions } from '#model/machine-work.ts'
import { HARDWARE_TYPE, RESULT_TYPE } from '#model/script-result.ts'
import { parametersOf } from '#model/script-header.ts'
import type { Script } from '#model/objects.ts'
import { invalid } from './context.ts'
import { SCRIPT_RESULTS_PER_SET_MAX } from './limits.ts'
import { textOf } from './object-query.ts'
import type { Refusal } from './outcome.ts'
import { canonical } from './snapshot.ts'
import type { RegionState } from './state.ts'

export type ChosenScript = Pick<
  BuiltinScript,
  'name' | 'hardwareType' | 'parallel' | 'timeoutSeconds' | 'parameters'
> & {
  readonly scriptId: number | null
  readonly scriptRevisionId: number | null
}

/** The word for no script but those that always run. */
const NONE = 'none'
/** Tags: never by default; in the boot that enlists; of tests by default. */
const NEVER_BY_DEFAULT = 'noauto'
const ENLISTING = 'enlisting'
const TESTED_BY_DEFAULT = 'commissioning'

type Probing = typeof RESULT_TYPE.COMMISSIONING | typeof RESULT_TYPE.TESTING
export type Wanted = {
  readonly type: Probing
  /** Names, ids or tags; null: the default ones. */
  readonly words: ProbeOptions['commissioningScripts']
  readonly enlisting: boolean
}

/** In the order in which they run. Refused: a word that is no script's name, id or tag. */
export function chooseScripts(
  state: RegionState,
  { type, words, enlisting }: Wanted,
): readonly ChosenScript[] | Refusal {
  const builtin = BUILTIN_SCRIPTS.filter((script) => script.type === type)
  const uploaded = [...state.scripts.values()].filter(({ scriptType }) => scriptType === type)
  const isProbe = type === RESULT_TYPE.COMMISSIONING
  const given = (words ?? []).filter((word) => word.toLowerCase() !== NONE)
  const unknown = given.find(
    (word) => !builtin.some((row) => fits(row, word)) && !uploaded.some((row) => fits(row, word)),
  )
  if (unknown !== undefined) {
    const field = isProbe ? 'commissioning_scripts' : 'testing_scripts'
    return invalid(field, `'${unknown.slice(0, 64)}' is not a valid script name or tag.`)
  }
  const isDefault = (tags: readonly string[]): boolean =>
    isProbe
      ? enlisting
        ? tags.includes(ENLISTING)
        : !tags.includes(NEVER_BY_DEFAULT)
      : tags.includes(TESTED_BY_DEFAULT)
  const isWanted = (row: Script | BuiltinScript): boolean =>
    words === null
      ? isDefault(row.tags) && !('destructive' in row && row.destructive)
      : given.some((word) => fits(row, word))
  const chosen = [
    ...builtin.filter((row) => isProbe || isWanted(row)).map(ofBuiltin),
    ...uploaded.filter(isWanted).map(ofUploaded),
  ]
  return chosen.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function fits(row: Script | BuiltinScript, word: string): boolean {
  return row.name === word || row.tags.includes(word) || ('id' in row && String(row.id) === word)
}

function ofBuiltin(script: BuiltinScript): ChosenScript {
  const { name, hardwareType, parallel, timeoutSeconds, parameters } = script
  const from = { scriptId: null, scriptRevisionId: null }
  return { name, hardwareType, parallel, timeoutSeconds, parameters, ...from }
}

function ofUploaded(row: Script): ChosenScript {
  const { name, hardwareType, parallel, timeoutSeconds } = row
  const from = { scriptId: row.id, scriptRevisionId: row.history.at(-1)?.id ?? null }
  const parameters = parametersOf(textOf(row))
  return { name, hardwareType, parallel, timeoutSeconds, parameters, ...from }
}

type Values = Readonly<Record<string, string>>

/**
 * The values of one run each: `<script>_<parameter>`, else `<parameter>`, else its default. Disks are named `/dev/sda`,
 * interfaces by name; `all` stays where none is known yet. Refused: a disk or interface that the machine has not, and
 * more runs than a set may have: three parameters for each of a thousand disks are not even to be counted out. Fields are
 * in the order of rows that were restored: others compare and join them.
 */
export function runsOf(
  state: RegionState,
  systemId: SystemId,
  { script, given }: { readonly script: ChosenScript; readonly given: Values },
): readonly Values[] | Refusal {
  let runs: readonly Values[] = [{}]
  for (const [name, parameter] of Object.entries(script.parameters)) {
    const own = `${script.name}_${name}`
    const value = valueOf(given, own) ?? valueOf(given, name) ?? parameter.standard
    if (value === '' && !parameter.required) continue
    if (value === '') return invalid(own, 'This field is required.')
    const values = valuesOf(state, systemId, { type: parameter.type, value })
    if (values === null) {
      return invalid(own, `The machine has no ${parameter.type} ${value.slice(0, 64)}.`)
    }
    if (runs.length * values.length > SCRIPT_RESULTS_PER_SET_MAX) return tooManyRuns()
    runs = runs.flatMap((run) => values.map((each) => ({ ...run, [name]: each })))
  }
  return runs.map(canonical)
}

export function tooManyRuns(): Refusal {
  return invalid('__all__', `More than ${SCRIPT_RESULTS_PER_SET_MAX} runs of scripts.`)
}

/** Parameters are named by those who wrote the script: one may be called `constructor`. */
function valueOf(given: Values, name: string): string | undefined {
  return Object.hasOwn(given, name) ? given[name] : undefined
}

/** Null: it names what is not there. */
function valuesOf(
  state: RegionState,
  systemId: SystemId,
  { type, value }: { readonly type: ScriptParameter['type']; readonly value: string },
): readonly string[] | null {
  if (type === 'storage') return named(disksOf(state, systemId), value)
  return type === 'interface' ? named(interfacesOf(state, systemId), value) : [value]
}

type Named = { readonly value: string; readonly names: readonly string[] }

function named(all: readonly Named[], value: string): readonly string[] | null {
  if (value === 'all') return all.length === 0 ? ['all'] : all.map((each) => each.value)
  const found = value
    .split(',')
    .map((word) => all.filter(({ names }) => names.includes(word.trim())))
  if (found.some((each) => each.length === 0)) return null
  return [...new Set(found.flat().map((each) => each.value))]
}

function disksOf(state: RegionState, systemId: SystemId): readonly Named[] {
  return state.blockDevicesByMachine.rows(systemId).map((disk) => ({
    value: `/dev/${disk.name}`,
    names: [
      ...[disk.name, `/dev/${disk.name}`, String(disk.id), ...disk.tags],
      ...[disk.serial, disk.idPath, `${disk.model}:${disk.serial}`].filter((name) => name !== ''),
    ],
  }))
}

function interfacesOf(state: RegionState, systemId: SystemId): readonly Named[] {
  const rows = state.interfacesByMachine.rows(systemId)
  const physical = rows.filter(({ type, enabled }) => type === 'physical' && enabled)
  return physical.map((nic) => ({
    value: nic.name,
    names: [nic.name, String(nic.id), nic.mac ?? '', ...nic.tags],
  }))
}

/** Whether what it runs for follows from what the machine has. */
export function isPerDevice({ parameters }: Pick<ChosenScript, 'parameters'>): boolean {
  return Object.values(parameters).some(({ type }) => type === 'storage' || type === 'interface')
}

/** What runs at an installation is not ours to choose: one log. */
export function installation(name: string): ChosenScript {
  return {
    ...{ name, hardwareType: HARDWARE_TYPE.NODE, parallel: 0, timeoutSeconds: 0, parameters: {} },
    ...{ scriptId: null, scriptRevisionId: null },
  }
}
