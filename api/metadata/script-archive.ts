// What a machine fetches to run: the scripts of its open results with an index of them (maas-api §11), as `.tar.xz`, or
// as the plain archive of MAAS 2.0. A machine whose work has no open results gets none.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BMC_SCRIPT } from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import { takesFoundBmc } from '#model/life-cycle.ts'
import type { BlockDevice } from '#model/machine.ts'
import { RESULT_TYPE, SCRIPT_STATUS, type ScriptResult } from '#model/script-result.ts'
import { isOpen } from '#model/script-status.ts'
import { configOf } from '#state/config-keys.ts'
import { textOf } from '#state/object-query.ts'
import { currentResults, parametersNamed } from '#state/script-query.ts'
import type { RegionState } from '#state/state.ts'
import { renderParameters } from '../render/script-result.ts'
import { makeTar, type TarFile } from './tar.ts'
import { storeXz } from './xz.ts'

const FOLDERS = {
  commissioning: RESULT_TYPE.COMMISSIONING,
  testing: RESULT_TYPE.TESTING,
} as const
type Folder = keyof typeof FOLDERS

type Run = {
  readonly folder: Folder
  readonly row: ScriptResult
  /** In the archive. Runs of one script for several disks share it. */
  readonly path: string
}

/** `index.json`: its entries in the order in which they run. */
export function scriptIndex(state: RegionState, systemId: SystemId): object {
  const runs = runsOf(state, systemId)
  const of = (wanted: Folder) =>
    runs.filter(({ folder }) => folder === wanted).map((run) => entryOf(state, run))
  return {
    '1.0': {
      commissioning_scripts: of('commissioning'),
      testing_scripts: of('testing'),
      release_scripts: [],
    },
  }
}

/** `maas-scripts`: tar.xz of `index.json` and the scripts. Null: there is nothing to run. */
export function scriptArchive(state: RegionState, systemId: SystemId): Uint8Array | null {
  const runs = runsOf(state, systemId)
  if (runs.length === 0) return null
  const index = JSON.stringify(scriptIndex(state, systemId), null, 1)
  return storeXz(
    makeTar(
      [{ path: 'index.json', content: Buffer.from(index) }, ...scriptFiles(state, runs)],
      state.wall,
    ),
  )
}

/** `maas-commissioning-scripts` of MAAS 2.0: `commissioning.d/NNN-name`. Null: there is nothing to run. */
export function commissioningTar(state: RegionState, systemId: SystemId): Uint8Array | null {
  const runs = runsOf(state, systemId).filter(({ folder }) => folder === 'commissioning')
  if (runs.length === 0) return null
  const files = scriptFiles(state, runs).map((file, at) => ({
    ...file,
    path: file.path.replace('commissioning/', `commissioning.d/${String(at).padStart(3, '0')}-`),
  }))
  return makeTar(files, state.wall)
}

function runsOf(state: RegionState, systemId: SystemId): readonly Run[] {
  return (['commissioning', 'testing'] as const).flatMap((folder) =>
    currentResults(state, systemId, FOLDERS[folder])
      .filter(({ status }) => isOpen(status))
      .map((row) => ({ folder, row, path: `${folder}/${row.name}` })),
  )
}

function entryOf(state: RegionState, { row, path }: Run): object {
  const script = row.scriptId === null ? undefined : state.scripts.get(row.scriptId)
  return {
    name: row.name,
    path,
    script_result_id: row.id,
    script_version_id: row.scriptRevisionId,
    timeout_seconds: row.timeoutSeconds,
    parallel: row.parallel,
    hardware_type: row.hardwareType,
    parameters: parametersOf(state, row),
    packages: {},
    for_hardware: script?.forHardware ?? [],
    has_started: row.status !== SCRIPT_STATUS.PENDING,
    apply_configured_networking: script?.applyConfiguredNetworking ?? false,
    // MAAS leaves the making of arguments to its client.
    args: argumentsOf(state, row),
  }
}

type Value = { readonly disk: BlockDevice | undefined; readonly text: string }

/** A disk is named by what stays when its `sda` becomes `sdb`. */
function valueOf(state: RegionState, row: ScriptResult, name: string): Value {
  const text = row.parameters[name] ?? ''
  if (parametersNamed(state, row)[name]?.type !== 'storage') return { disk: undefined, text }
  const disks = state.blockDevicesByMachine.rows(row.systemId)
  const disk = disks.find((each) => `/dev/${each.name}` === text)
  return { disk, text: disk?.idPath || text }
}

/** As MAAS tells them, but the value is what the script is given; what it is, is `device`. */
function parametersOf(state: RegionState, row: ScriptResult): object {
  const shown = Object.entries(renderParameters(state, row)).map(([name, about]) => {
    const device = typeof about.value === 'object' ? { device: about.value } : {}
    return [name, { ...about, value: valueOf(state, row, name).text, ...device }] as const
  })
  return Object.fromEntries(shown)
}

function argumentsOf(state: RegionState, row: ScriptResult): readonly string[] {
  if (row.scriptId === null && row.name === BMC_SCRIPT) return bmcArguments(state, row)
  const possible = parametersNamed(state, row)
  return Object.keys(row.parameters).map((name) => {
    const format = possible[name]?.argumentFormat ?? ''
    const { disk, text } = valueOf(state, row, name)
    if (format === '') return `--${name}=${text}`
    const fields: Readonly<Record<string, string>> = {
      ...{ input: text, path: text, value: text, name: disk?.name ?? text },
      ...{ model: disk?.model ?? '', serial: disk?.serial ?? '' },
    }
    return format.replaceAll(/\{(\w+)\}/g, (whole, key: string) =>
      Object.hasOwn(fields, key) ? (fields[key] ?? whole) : whole,
    )
  })
}

/** By the settings; `--keep` where an operator has set the power since the work began. */
function bmcArguments(state: RegionState, { systemId }: ScriptResult): readonly string[] {
  const setting = (name: string): string => String(configOf(state, `maas_auto_ipmi_${name}`) ?? '')
  const flags = setting('workaround_flags')
  const machine = state.machines.get(systemId)
  return [
    ...[`--user=${setting('user')}`, `--privilege=${setting('user_privilege_level')}`],
    `--cipher=${setting('cipher_suite_id')}`,
    // The rest is no list of them.
    ...(/^[a-z0-9,_ ]+$/.test(flags) ? [`--workarounds=${flags}`] : []),
    ...(machine !== undefined && takesFoundBmc(machine) ? [] : ['--keep']),
  ]
}

/** Each once. */
function scriptFiles(state: RegionState, runs: readonly Run[]): readonly TarFile[] {
  const byPath = new Map(runs.map((run) => [run.path, run.row]))
  return [...byPath].map(([path, row]) => ({
    ...{ path, mode: 0o755 },
    content: Buffer.from(scriptText(state, row)),
  }))
}

/** Of a script that was deleted meanwhile: one that says so. */
function scriptText(
  state: RegionState,
  { name, scriptId, scriptRevisionId }: ScriptResult,
): string {
  // Small files of ours, read some milliseconds in a thousand: no reader waits for them.
  if (scriptId === null) return readFileSync(join(import.meta.dirname, 'scripts', name), 'utf8')
  const script = state.scripts.get(scriptId)
  const version = script?.history.find(({ id }) => id === scriptRevisionId)
  if (script === undefined) return '#!/bin/sh\necho "This script was deleted." >&2\nexit 1\n'
  return version?.value ?? textOf(script)
}
