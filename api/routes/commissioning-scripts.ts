// commissioning-scripts/: MAAS's older door to the scripts of that type: names and raw bytes, no versions.
import type { Script } from '#model/objects.ts'
import { objectsOf, textOf } from '#state/object-query.ts'
import type { RegionState } from '#state/state.ts'
import { bytes, json, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { text } from '../params.ts'
import { uri } from '../render/names.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { SCRIPT_TEXT, STANDARD_SCRIPT } from './scripts.ts'

const COMMISSIONING = 0

function scriptsOf(state: RegionState): readonly Script[] {
  return objectsOf(state, 'scripts').filter(({ scriptType }) => scriptType === COMMISSIONING)
}

function scriptOf(state: RegionState, call: Call): Script {
  const script = scriptsOf(state).find(({ name }) => name === call.param('name'))
  if (script === undefined) throw notFound('Script')
  return script
}

function render(name: string, content: string) {
  return {
    name,
    content: Buffer.from(content).toString('base64'),
    resource_uri: uri('commissioning-scripts', name).replace(/\/$/, ''),
  }
}

export const COMMISSIONING_SCRIPTS: readonly Resource[] = [
  {
    name: 'CommissioningScriptsHandler',
    path: 'commissioning-scripts/',
    doc: 'Manage commissioning scripts; scripts/ can do more.',
    actions: [
      read('admin', 'List the names of commissioning scripts.', async (call) =>
        json(scriptsOf(await call.state()).map(({ name }) => name)),
      ),
      taking(
        {
          name: text('Name, unique.', { required: true, pattern: /^[\w.-]+$/ }),
          content: SCRIPT_TEXT,
        },
        (run) => create('admin', 'Add a commissioning script.', run),
        async (call, { name = '', content = '' }) => {
          const own = { name, value: content, scriptType: COMMISSIONING }
          const fields = { ...STANDARD_SCRIPT, ...own }
          await call.propose({ type: 'object.create', table: 'scripts', fields })
          return json(render(name, content))
        },
      ),
    ],
  },
  {
    name: 'CommissioningScriptHandler',
    path: 'commissioning-scripts/{name}',
    doc: 'Manage one commissioning script.',
    actions: [
      read('admin', 'Show the text of a commissioning script.', async (call) =>
        bytes(Buffer.from(textOf(scriptOf(await call.state(), call))), 'application/binary'),
      ),
      taking(
        { content: SCRIPT_TEXT },
        (run) => update('admin', 'Replace a commissioning script.', run),
        async (call, { content }) => {
          const script = scriptOf(await call.state(), call)
          const { id, name } = script
          const value = content ?? textOf(script)
          await call.propose({ type: 'object.update', table: 'scripts', id, set: { value } })
          return json(render(name, value))
        },
      ),
      remove('admin', 'Delete a commissioning script.', async (call) => {
        const { id } = scriptOf(await call.state(), call)
        await call.propose({ type: 'object.delete', table: 'scripts', id })
        return NO_CONTENT
      }),
    ],
  },
]
