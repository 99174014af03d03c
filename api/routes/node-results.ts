// commissioning-results/ and installation-results/: MAAS 2.0's door to outputs of scripts, one entry for each output of
// the newest sets (maas-api §8). Both lists are the same.
import type { SystemId } from '#model/ids.ts'
import { RESULT_TYPE, type ScriptResult, type ScriptSet } from '#model/script-result.ts'
import { currentSetOf, resultsOf } from '#state/script-query.ts'
import type { RegionState } from '#state/state.ts'
import { jsonList, type Answer, type Call } from '../call.ts'
import { list, type Values } from '../params.ts'
import { eventTime, uri } from '../render/names.ts'
import { outputsOf } from '../render/script-result.ts'
import { SCRIPT_TYPES } from '../render/script.ts'
import { read, taking, type Resource } from '../resource.ts'
import { isVisibleMachine } from '../visible.ts'
import { numbered } from './numbered.ts'

const LISTED = {
  system_id: list('Only of these machines.'),
  name: list('Only outputs of these names.'),
  result_type: numbered('Only of this type.', { ...SCRIPT_TYPES, 1: ['installation', 'install'] }),
}

type Entry = {
  readonly name: string
  readonly set: ScriptSet
  readonly row: ScriptResult
  readonly part: 'output' | 'stderr'
}

const TYPES = [RESULT_TYPE.COMMISSIONING, RESULT_TYPE.INSTALLATION, RESULT_TYPE.TESTING]

async function listResults(path: string, call: Call, values: Values<typeof LISTED>) {
  const state = await call.state()
  const { system_id: ids = [], name: names = [], result_type: type } = values
  const machines =
    ids.length === 0
      ? [...state.machines.values()]
      : [...new Set(ids)].flatMap((id) => state.machines.get(id as SystemId) ?? [])
  const entries = machines
    .filter((machine) => isVisibleMachine(call, machine))
    .flatMap(({ systemId }) =>
      TYPES.filter((each) => type === undefined || each === type).flatMap(
        (each) => currentSetOf(state, systemId, each) ?? [],
      ),
    )
    .flatMap((set) => entriesOf(state, set))
    .filter(({ name }) => names.length === 0 || names.includes(name))
  return jsonList(entries, (entry) => render(state, entry, path))
}

/** What was said by mistake or as an error is an entry of its own. */
function entriesOf(state: RegionState, set: ScriptSet): readonly Entry[] {
  return resultsOf(state, set).flatMap((row): readonly Entry[] => {
    const { stderr } = outputsOf(state.scriptOutputs.get(row.id))
    if (!state.scriptOutputs.has(row.id)) return []
    const whole = { set, row, name: row.name, part: 'output' } as const
    return stderr === '' ? [whole] : [whole, { ...whole, name: `${row.name}.err`, part: 'stderr' }]
  })
}

function render(state: RegionState, { name, set, row, part }: Entry, path: string) {
  const text = outputsOf(state.scriptOutputs.get(row.id))[part]
  return {
    name,
    script_result: row.exitStatus,
    result_type: set.type,
    updated: eventTime(row.endedWall ?? row.createdWall),
    created: eventTime(row.createdWall),
    node: { system_id: set.systemId },
    data: Buffer.from(text).toString('base64'),
    resource_uri: uri(path),
  }
}

const resource = (path: string): Resource => ({
  ...{ name: 'NodeResultsHandler', path: `${path}/`, doc: 'Outputs of scripts, as in MAAS 2.0.' },
  actions: [
    taking(
      LISTED,
      (run) => read('user', 'List outputs of scripts.', run),
      (call, values): Promise<Answer> => listResults(path, call, values),
    ),
  ],
})

export const NODE_RESULTS = resource('installation-results')
/** MAAS routes it and describes the other. */
export const COMMISSIONING_RESULTS = resource('commissioning-results')
