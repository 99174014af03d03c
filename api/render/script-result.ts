// Script sets and results as MAAS shows them (maas-api §7, §8), and what a machine shows of its newest ones.
import type { ScriptParameter } from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import {
  HARDWARE_TYPE,
  RESULT_TYPE,
  type ResultType,
  type ScriptOutput,
  type ScriptResult,
  type ScriptSet,
} from '#model/script-result.ts'
import { isOpen, statusOfAll } from '#model/script-status.ts'
import { currentSetOf, parametersNamed, resultsOf } from '#state/script-query.ts'
import type { RegionState } from '#state/state.ts'
import { eventTime, uri } from './names.ts'
import { duration } from './script.ts'

const STATUS_NAMES: readonly string[] = [
  ...['Pending', 'Running', 'Passed', 'Failed', 'Timed out', 'Aborted', 'Degraded'],
  ...['Installing dependencies', 'Failed installing dependencies', 'Skipped'],
  'Applying custom network configuration',
  'Failed to apply custom network configuration',
]
const TYPE_NAMES: readonly string[] = ['Commissioning', 'Installation', 'Testing', 'Release']

function statusName(status: number): string {
  return STATUS_NAMES[status] ?? 'Unknown'
}

export type Shown = {
  readonly withOutput: boolean
  /** Results that are shown; all unless told otherwise. */
  readonly shows?: (row: ScriptResult) => boolean
}

export function renderScriptSet(state: RegionState, set: ScriptSet, { withOutput, shows }: Shown) {
  const all = resultsOf(state, set)
  const results = shows === undefined ? all : all.filter(shows)
  const status = statusOfAll(results)
  const times = timesOf(results)
  return {
    id: set.id,
    system_id: set.systemId,
    type: set.type,
    type_name: TYPE_NAMES[set.type] ?? '',
    last_ping: set.lastPingWall === null ? null : eventTime(set.lastPingWall),
    status,
    status_name: statusName(status),
    started: times.started === null ? '' : eventTime(times.started),
    ended: times.ended === null ? '' : eventTime(times.ended),
    runtime: runtimeOf(times.started, times.ended),
    results: results.map((row) => ({
      ...renderResult(state, row),
      ...(withOutput ? renderOutput(state.scriptOutputs.get(row.id)) : {}),
    })),
    resource_uri: uri('nodes', set.systemId, 'results', set.id),
  }
}

type Times = { readonly started: number | null; readonly ended: number | null }

/** It has ended when all of it has. */
function timesOf(results: readonly ScriptResult[]): Times {
  const starts = results.flatMap(({ startedWall }) => startedWall ?? [])
  const ends = results.flatMap(({ endedWall }) => endedWall ?? [])
  const isUnderWay = results.some(({ status }) => isOpen(status))
  return {
    started: starts.length === 0 ? null : Math.min(...starts),
    ended: isUnderWay || ends.length === 0 ? null : Math.max(...ends),
  }
}

function runtimeOf(started: number | null, ended: number | null): string {
  if (started === null || ended === null) return ''
  return duration(Math.round(Math.max(ended - started, 0) / 1_000))
}

function renderResult(state: RegionState, row: ScriptResult) {
  const { createdWall, startedWall, endedWall, timeoutSeconds } = row
  const seconds = (wall: number | null): number | null => (wall === null ? null : wall / 1_000)
  return {
    id: row.id,
    name: row.name,
    created: eventTime(createdWall),
    updated: eventTime(endedWall ?? startedWall ?? createdWall),
    status: row.status,
    status_name: statusName(row.status),
    exit_status: row.exitStatus,
    started: startedWall === null ? null : eventTime(startedWall),
    ended: endedWall === null ? null : eventTime(endedWall),
    runtime: runtimeOf(startedWall, endedWall),
    starttime: seconds(startedWall),
    endtime: seconds(endedWall),
    estimated_runtime: timeoutSeconds === 0 ? 'Unknown' : duration(timeoutSeconds),
    parameters: renderParameters(state, row),
    script_id: row.scriptId,
    script_revision_id: row.scriptRevisionId,
    suppressed: row.suppressed,
  }
}

type Parameter = {
  readonly type: ScriptParameter['type']
  readonly value: unknown
  readonly argument_format?: string
}

/** As in the script's own header, with the value in force; of a disk or interface what tells it apart. */
export function renderParameters(
  state: RegionState,
  row: ScriptResult,
): Readonly<Record<string, Parameter>> {
  const possible = parametersNamed(state, row)
  const shown = Object.entries(row.parameters).map(([name, value]): [string, Parameter] => {
    const { type = 'string', argumentFormat = '' } = possible[name] ?? {}
    const format = argumentFormat === '' ? {} : { argument_format: argumentFormat }
    // Of a script that is gone nobody knows which were secrets.
    const isShown = possible[name] !== undefined && type !== 'password'
    const shownValue = isShown ? valueOf(state, row.systemId, { type, value }) : ''
    return [name, { type, value: shownValue, ...format }]
  })
  return Object.fromEntries(shown)
}

function valueOf(
  state: RegionState,
  systemId: SystemId,
  { type, value }: { readonly type: ScriptParameter['type']; readonly value: string },
): unknown {
  if (type === 'storage') {
    const rows = state.blockDevicesByMachine.rows(systemId)
    const disk = rows.find(({ name }) => `/dev/${name}` === value)
    if (disk === undefined) return value
    const { id, name, model, serial, idPath } = disk
    return { id, name, model, serial, id_path: idPath, path: value }
  }
  if (type !== 'interface') return value
  const nic = state.interfacesByMachine.rows(systemId).find(({ name }) => name === value)
  if (nic === undefined) return value
  const { id, name, mac, vendor, product } = nic
  return { id, name, mac_address: mac, vendor, product }
}

type Outputs = {
  readonly output: string
  readonly stdout: string
  readonly stderr: string
  readonly result: string
}
const NO_OUTPUT: Outputs = { output: '', stdout: '', stderr: '', result: '' }

/** The texts as they were said: all of it where it was not said apart is both one after the other. */
export function outputsOf(row: ScriptOutput | undefined): Outputs {
  const { output, stdout, stderr, result } = row ?? NO_OUTPUT
  return { output: output === '' ? stdout + stderr : output, stdout, stderr, result }
}

/** Base64, as MAAS sends them. */
function renderOutput(row: ScriptOutput | undefined): Outputs {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const { output, stdout, stderr, result } = outputsOf(row)
  return {
    output: base64(output),
    stdout: base64(stdout),
    stderr: base64(stderr),
    result: base64(result),
  }
}

/** The keys of a machine about its newest sets. */
export function machineResults(state: RegionState, { systemId }: Machine) {
  const sets = [RESULT_TYPE.COMMISSIONING, RESULT_TYPE.TESTING, RESULT_TYPE.INSTALLATION].map(
    (type: ResultType) => currentSetOf(state, systemId, type),
  )
  const [commissioning, testing, installation] = sets
  const probes = commissioning === undefined ? [] : resultsOf(state, commissioning)
  const tests = testing === undefined ? [] : resultsOf(state, testing)
  const about = (type: number): readonly ScriptResult[] =>
    tests.filter(({ hardwareType }) => hardwareType === type)
  const network = about(HARDWARE_TYPE.NETWORK)
  const interfaces = network.filter(({ parameters }) => parameters['interface'] !== undefined)
  const [probed, tested] = [statusOfAll(probes), statusOfAll(tests)]
  const cpu = statusOfAll(about(HARDWARE_TYPE.CPU))
  const memory = statusOfAll(about(HARDWARE_TYPE.MEMORY))
  const storage = statusOfAll(about(HARDWARE_TYPE.STORAGE))
  const other = statusOfAll(about(HARDWARE_TYPE.NODE))
  const [net, nic] = [statusOfAll(network), statusOfAll(interfaces)]
  // Written out: an object of computed or spread keys takes three times as long to make and to write.
  return {
    current_commissioning_result_id: commissioning?.id ?? null,
    current_testing_result_id: testing?.id ?? null,
    current_installation_result_id: installation?.id ?? null,
    commissioning_status: probed,
    commissioning_status_name: statusName(probed),
    testing_status: tested,
    testing_status_name: statusName(tested),
    cpu_test_status: cpu,
    cpu_test_status_name: statusName(cpu),
    memory_test_status: memory,
    memory_test_status_name: statusName(memory),
    network_test_status: net,
    network_test_status_name: statusName(net),
    storage_test_status: storage,
    storage_test_status_name: statusName(storage),
    other_test_status: other,
    other_test_status_name: statusName(other),
    interface_test_status: nic,
    interface_test_status_name: statusName(nic),
  }
}
