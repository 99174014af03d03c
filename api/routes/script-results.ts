// nodes/{system_id}/results/: what scripts found on a machine, set by set, with their outputs (maas-api §9).
import type { SystemId } from '#model/ids.ts'
import { RESULT_TYPE, type ScriptResult, type ScriptSet } from '#model/script-result.ts'
import { allSetsOf, currentSetOf, resultsOf } from '#state/script-query.ts'
import type { RegionState } from '#state/state.ts'
import { bytes, jsonList, json, NO_CONTENT, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { packOutputs, printOutputs, type Wanted } from '../metadata/output-files.ts'
import { choice, flag, list, type Values } from '../params.ts'
import { HARDWARE_TYPES, SCRIPT_TYPES } from '../render/script.ts'
import { renderScriptSet } from '../render/script-result.ts'
import { operation, read, remove, taking, update, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { isVisibleDevice } from '../visible.ts'
import { machineOf, systemIdOf } from './find-machine.ts'
import { numbered } from './numbered.ts'

const TYPES = { ...SCRIPT_TYPES, 1: ['installation', 'install'] }
const SELECTION = {
  hardware_type: numbered('Only results about this hardware.', HARDWARE_TYPES),
  filters: list('Only results of scripts with one of these names, ids or tags.'),
}
const SHOWN = { ...SELECTION, include_output: flag('With their outputs, in base64.') }
const LISTED = { ...SHOWN, type: numbered('Only sets of this type.', TYPES) }
const CHANGED = { ...SHOWN, suppressed: flag('Whether failures keep the machine from being used.') }
const DOWNLOADED = {
  ...SELECTION,
  output: choice('Which output; combined by default.', [
    ...(['combined', 'stdout', 'stderr', 'result', 'all'] as const),
  ]),
  filetype: choice('One text, by default, or an archive.', ['txt', 'tar.xz']),
}

/** Throws NOT_FOUND for a node that is not there for this user; devices and controllers ran nothing. */
export function nodeIdOf(state: RegionState, call: Call): SystemId {
  const systemId = systemIdOf(call, 'Node')
  const device = state.devices.get(systemId)
  if (device !== undefined && isVisibleDevice(call, device)) return systemId
  if (state.controllers.has(systemId)) return systemId
  return machineOf(state, call, 'Node').systemId
}

const CURRENT: Readonly<Record<string, ScriptSet['type']>> = {
  'current-commissioning': RESULT_TYPE.COMMISSIONING,
  'current-testing': RESULT_TYPE.TESTING,
  'current-installation': RESULT_TYPE.INSTALLATION,
  'current-release': RESULT_TYPE.RELEASE,
}

function setOf(state: RegionState, call: Call): ScriptSet {
  const systemId = nodeIdOf(state, call)
  const name = call.param('id')
  const type = Object.hasOwn(CURRENT, name) ? CURRENT[name] : undefined
  const id = parseId(name)
  const byId = id === null ? undefined : state.scriptSets.get(id)
  const set = type === undefined ? byId : currentSetOf(state, systemId, type)
  if (set === undefined || set.systemId !== systemId) throw notFound('ScriptSet')
  return set
}

type Selection = Values<typeof SELECTION>

/** Which results of a set the parameters leave. */
function shows(
  state: RegionState,
  { hardware_type: hardwareType, filters = [] }: Selection,
): (row: ScriptResult) => boolean {
  const tagsOf = ({ scriptId }: ScriptResult): readonly string[] =>
    scriptId === null ? [] : (state.scripts.get(scriptId)?.tags ?? [])
  return (row) =>
    (hardwareType === undefined || row.hardwareType === hardwareType) &&
    (filters.length === 0 ||
      filters.some(
        (word) => word === row.name || word === String(row.id) || tagsOf(row).includes(word),
      ))
}

function shownSet(state: RegionState, set: ScriptSet, values: Values<typeof SHOWN>): Answer {
  const withOutput = values.include_output ?? false
  return json(renderScriptSet(state, set, { withOutput, shows: shows(state, values) }))
}

async function listSets(call: Call, values: Values<typeof LISTED>): Promise<Answer> {
  const state = await call.state()
  const systemId = nodeIdOf(state, call)
  const sets = allSetsOf(state, systemId).filter(
    ({ type }) => values.type === undefined || type === values.type,
  )
  const withOutput = values.include_output ?? false
  const options = { withOutput, shows: shows(state, values) }
  return jsonList(sets, (set) => renderScriptSet(state, set, options))
}

async function suppress(call: Call, values: Values<typeof CHANGED>): Promise<Answer> {
  const state = await call.state()
  const set = setOf(state, call)
  const { suppressed } = values
  if (suppressed !== undefined) {
    const resultIds = resultsOf(state, set)
      .filter(shows(state, values))
      .map(({ id }) => id)
    const { systemId } = set
    await call.propose({ type: 'scriptResult.suppress', systemId, resultIds, suppressed })
  }
  return shownSet(call.after(), set, values)
}

async function download(call: Call, values: Values<typeof DOWNLOADED>): Promise<Answer> {
  const state = await call.state()
  const set = setOf(state, call)
  const wanted: Wanted = {
    results: resultsOf(state, set).filter(shows(state, values)),
    output: values.output ?? 'combined',
  }
  if (values.filetype === 'tar.xz') {
    return bytes(Buffer.from(packOutputs(state, wanted)), 'application/x-tar')
  }
  return bytes(Buffer.from(printOutputs(state, wanted)), 'text/plain; charset=utf-8')
}

export const SCRIPT_RESULTS: readonly Resource[] = [
  {
    name: 'NodeScriptResultsHandler',
    path: 'nodes/{system_id}/results/',
    doc: 'Manage results of scripts on a node.',
    actions: [taking(LISTED, (run) => read('user', 'List sets of results.', run), listSets)],
  },
  {
    name: 'NodeScriptResultHandler',
    path: 'nodes/{system_id}/results/{id}/',
    doc: 'Manage one set of results: by its id, or `current-commissioning`, `current-testing`, …',
    actions: [
      taking(
        SHOWN,
        (run) => read('user', 'Show one set of results.', run),
        async (call, values) => {
          const state = await call.state()
          return shownSet(state, setOf(state, call), values)
        },
      ),
      taking(CHANGED, (run) => update('admin', 'Suppress failures.', run), suppress),
      remove('admin', 'Delete one set of results.', async (call) => {
        const { systemId, id: setId } = setOf(await call.state(), call)
        await call.propose({ type: 'scriptSet.delete', systemId, setId })
        return NO_CONTENT
      }),
      taking(
        DOWNLOADED,
        (run) => operation('GET', 'download', { doc: 'Get the outputs.' }, run),
        download,
      ),
    ],
  },
]
