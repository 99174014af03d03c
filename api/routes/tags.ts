// tags/: names that group nodes. The members of a tag with a definition are the machines that it is true of
// (`tag-evaluation.ts`), those of the others are named by `update_nodes`.
import { parseSystemId, type SystemId } from '#model/ids.ts'
import type { Tag } from '#model/objects.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { objectRoutes } from '../object-routes.ts'
import { custom, list, longText, text } from '../params.ts'
import { renderController } from '../render/controller.ts'
import { renderDevice } from '../render/device.ts'
import { renderMachine } from '../render/machine.ts'
import { renderTag } from '../render/objects.ts'
import { operation, taking, takingNothing, type Action, type Resource } from '../resource.ts'
import { xpathProblem } from '../xpath.ts'
import { checkDefinition, evaluateTag } from '../tag-evaluation.ts'
import { isVisibleMachine, isVisibleDevice } from '../visible.ts'
import { present } from './fabrics.ts'

const DEFINITION = { max: 4_096 }

function findTag(state: RegionState, call: Call): Tag | undefined {
  return state.tagsByName.first(call.param('name'))
}

async function stateWithTag(call: Call) {
  const state = await call.state()
  const tag = findTag(state, call)
  if (tag === undefined) throw notFound('Tag')
  return { state, tag }
}

type Kind = 'machines' | 'devices' | 'rack_controllers' | 'region_controllers'

/** Nodes that carry the tag and that the caller may see, each as its own kind is shown. */
function members(call: Call, state: RegionState, name: string, kinds: readonly Kind[]) {
  const has = ({ tagNames }: { readonly tagNames?: readonly string[] }): boolean =>
    tagNames?.includes(name) === true
  const machines = [...state.machines.values()]
    .filter((row) => has(row) && isVisibleMachine(call, row))
    .map((row) => () => renderMachine(state, row))
  const devices = [...state.devices.values()]
    .filter((row) => has(row) && isVisibleDevice(call, row))
    .map((row) => () => renderDevice(state, row))
  const controllers = (kind: 'rack' | 'region') =>
    [...state.controllers.values()]
      .filter((row) => has(row) && row.kind === kind)
      .map((row) => () => renderController(state, row))
  return [
    ...(kinds.includes('machines') ? machines : []),
    ...(kinds.includes('devices') ? devices : []),
    ...(kinds.includes('rack_controllers') ? controllers('rack') : []),
    ...(kinds.includes('region_controllers') ? controllers('region') : []),
  ]
}

function membersOperation(op: string, doc: string, kinds: readonly Kind[]): Action {
  return operation('GET', op, { doc }, async (call) => {
    const { state, tag } = await stateWithTag(call)
    const rows = members(call, state, tag.name, kinds)
    return jsonList<() => unknown>(rows, (render) => render())
  })
}

const UPDATE_NODES = taking(
  {
    add: list('System ids of nodes that get the tag.'),
    remove: list('System ids of nodes that lose it.'),
    definition: text(
      'What the caller took the definition to be; refused when it is another.',
      DEFINITION,
    ),
    rack_controller: text('System id of a rack that evaluated the definition; ignored.', {
      max: 64,
    }),
  },
  (run) => {
    const doc = 'Give the tag to nodes, and take it from nodes.'
    return operation('POST', 'update_nodes', { access: 'admin', doc }, run)
  },
  async (call, { add = [], remove = [], definition }) => {
    const { tag } = await stateWithTag(call)
    if (definition !== undefined && definition !== tag.definition) {
      const message = 'The definition given is not that of the tag: it was changed meanwhile.'
      throw new Rejection('CONFLICT', message)
    }
    const ids = (texts: readonly string[]): readonly SystemId[] =>
      texts.flatMap((id) => parseSystemId(id) ?? [])
    const command = { name: tag.name, add: ids(add), remove: ids(remove) }
    return json(await call.propose({ type: 'tag.assign', ...command }))
  },
)

const REBUILD = takingNothing(
  operation(
    'POST',
    'rebuild',
    { access: 'admin', doc: 'Evaluate the definition again.' },
    async (call) => {
      const { tag } = await stateWithTag(call)
      const why = await evaluateTag(call, tag)
      if (why === null) return json({ rebuilding: tag.name })
      throw new Rejection('BAD_REQUEST', `The definition cannot be evaluated: ${why}.`)
    },
  ),
)

const ALL: readonly Kind[] = ['machines', 'devices', 'rack_controllers', 'region_controllers']

export const TAGS: readonly Resource[] = objectRoutes({
  ...{ table: 'tags', model: 'Tag', words: ['tag', 'tags'], readers: 'user' },
  ...{ names: ['TagsHandler', 'TagHandler'], paths: ['tags/', 'tags/{name}/'] },
  params: {
    name: text('Name, unique.', {
      ...{ required: true, max: 256, pattern: /^[\w-]+$/ },
      message: 'Enter letters, digits, dashes and underscores.',
    }),
    comment: longText('What it is for.', { max: 4_096 }),
    definition: custom<string>(
      'XPath over what `op=details` shows of machines, as lshw XML.',
      { type: 'string', maxLength: DEFINITION.max },
      (form, name) => {
        const value = form.text(name, DEFINITION)
        const problem = value === undefined || value === '' ? null : xpathProblem(value)
        if (problem === null) return value
        return form.report(name, `Invalid xpath expression: ${problem}.`)
      },
    ),
    kernel_opts: text('Kernel options of the machines that have it.', { max: 4_096 }),
  },
  standard: { name: '', definition: '', comment: '', kernelOpts: '' },
  fieldsOf: (values) =>
    present({
      name: values.name,
      comment: values.comment,
      definition: values.definition,
      kernelOpts: values.kernel_opts,
    }),
  find: findTag,
  render: (_state, tag) => renderTag(tag),
  check: async ({ definition }) => {
    if (definition !== undefined && definition !== '') await checkDefinition(definition)
  },
  // What takes too long leaves the tag where it was; `rebuild` says so.
  settle: async (call, tag) => void (await evaluateTag(call, tag)),
  more: [
    membersOperation('nodes', 'List all nodes with the tag.', ALL),
    membersOperation('machines', 'List the machines with the tag.', ['machines']),
    membersOperation('devices', 'List the devices with the tag.', ['devices']),
    membersOperation('rack_controllers', 'List the racks with the tag.', ['rack_controllers']),
    membersOperation('region_controllers', 'List the regions with the tag.', [
      'region_controllers',
    ]),
    UPDATE_NODES,
    REBUILD,
  ],
})
