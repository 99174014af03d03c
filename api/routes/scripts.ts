// scripts/: commissioning, testing and release scripts as data, with versions. What a script's own header says
// (`script-fields.ts`) holds where the form says nothing.
import type { Script } from '#model/objects.ts'
import { objectsOf, textOf } from '#state/object-query.ts'
import type { RegionState } from '#state/state.ts'
import { bytes, json, type Call } from '../call.ts'
import { fieldError, Rejection } from '../errors.ts'
import { objectRoutes, renderAfter, rowOf } from '../object-routes.ts'
import { custom, flag, integer, list, longText, text } from '../params.ts'
import { renderScript } from '../render/script.ts'
import { HARDWARE_TYPES, PARALLEL, SCRIPT_TYPES } from '../render/script.ts'
import { operation, taking, type Resource } from '../resource.ts'
import { present } from './fabrics.ts'
import { numbered } from './numbered.ts'
import { headerFields, parseTimeout, whyNotHeader } from './script-fields.ts'

const SCRIPT_CHARACTERS_MAX = 256 << 10
const TAG = /^[\w.-]{1,64}$/

export const SCRIPT_TEXT = custom<string>(
  'The script, a text or a file part; it begins with #!.',
  { type: 'string', maxLength: SCRIPT_CHARACTERS_MAX },
  (form, name) => {
    const given = form.input.text(name)
    if (given === undefined) return undefined
    if (given.length > SCRIPT_CHARACTERS_MAX) return form.report(name, 'The script is too long.')
    if (given.includes('\0')) return form.report(name, 'The script holds a zero byte.')
    if (!given.startsWith('#!')) return form.report(name, 'Must start with shebang.')
    const wrong = whyNotHeader(given)
    return wrong === null ? given : form.report(name, wrong)
  },
  { required: true },
)

/** Seconds, or `[D ]HH:MM:SS`. */
const timeout = custom<number>(
  'Longest time it may take: seconds or HH:MM:SS; 0 for no limit.',
  { type: 'string' },
  (form, name) => {
    const given = form.input.text(name)?.trim()
    if (given === undefined || given === '') return undefined
    return parseTimeout(given) ?? form.report(name, 'Enter seconds or HH:MM:SS.')
  },
)

const params = {
  name: text('Name, unique.', { required: true, max: 255, pattern: /^[\w.-]+$/ }),
  title: text('Short title.'),
  description: longText('What it does.', { max: 16_384 }),
  tags: list('Words by which it is chosen.', { pattern: TAG }),
  type: numbered('Testing by default.', SCRIPT_TYPES),
  hardware_type: numbered('Hardware it is about.', HARDWARE_TYPES),
  parallel: numbered('Whether it runs beside others.', PARALLEL),
  timeout,
  destructive: flag('It destroys what is on the disks.'),
  may_reboot: flag('It may reboot the machine.'),
  recommission: flag('Built-in commissioning scripts run again after it.'),
  apply_configured_networking: flag('It needs the network as configured.'),
  for_hardware: list('Hardware it is meant for.'),
  comment: text('What this version changes.', { max: 1_024 }),
  script: SCRIPT_TEXT,
}

export const STANDARD_SCRIPT: Omit<Script, 'id' | 'history'> & {
  readonly value: string
  readonly comment: string
} = {
  ...{
    name: '',
    title: '',
    description: '',
    tags: [],
    scriptType: 2,
    hardwareType: 0,
    parallel: 0,
  },
  ...{ timeoutSeconds: 0, destructive: false, mayReboot: false, recommission: false },
  ...{ applyConfiguredNetworking: false, forHardware: [], value: '', comment: '' },
}

function find(state: RegionState, call: Call): Script | undefined {
  const name = call.param('name')
  return objectsOf(state, 'scripts').find((row) => row.name === name || String(row.id) === name)
}

const ROUTES = {
  ...{ table: 'scripts' as const, model: 'Script', find },
  render: (_state: RegionState, row: Script, call: Call) =>
    renderScript(row, { withText: call.input.flag('include_script') }),
}

async function retag(
  call: Call,
  tag: string,
  change: (tags: readonly string[]) => readonly string[],
) {
  if (!TAG.test(tag))
    throw fieldError('tag', 'Enter letters, digits, dots, dashes and underscores.')
  const { id, tags } = rowOf(ROUTES, await call.state(), call)
  const set = { tags: change(tags) }
  await call.propose({ type: 'object.update', table: 'scripts', id, set })
  return json(renderAfter(ROUTES, call, id))
}

const INCLUDE_SCRIPT = { include_script: flag('With its text.') }
const TAG_PARAM = {
  ...INCLUDE_SCRIPT,
  tag: text('The word.', { required: true, max: 64 }),
}

const LISTED = {
  type: text('Only those of this type.', { max: 64 }),
  hardware_type: text('Only those about this hardware.', { max: 64 }),
  filters: list('Only those with one of these names or tags.'),
  include_script: flag('With their texts.'),
}

export const SCRIPTS: readonly Resource[] = objectRoutes({
  ...{
    ...ROUTES,
    readers: 'user',
    params,
    standard: STANDARD_SCRIPT,
    words: ['script', 'scripts'],
  },
  ...{ names: ['NodeScriptsHandler', 'NodeScriptHandler'], paths: ['scripts/', 'scripts/{name}'] },
  fieldsOf: (values) => ({
    ...headerFields(values.script ?? ''),
    ...present({
      name: values.name,
      title: values.title,
      description: values.description,
      tags: values.tags,
      scriptType: values.type,
      hardwareType: values.hardware_type,
      parallel: values.parallel,
      timeoutSeconds: values.timeout,
      destructive: values.destructive,
      mayReboot: values.may_reboot,
      recommission: values.recommission,
      applyConfiguredNetworking: values.apply_configured_networking,
      forHardware: values.for_hardware,
      value: values.script,
      comment: values.comment,
    }),
  }),
  listed: (row, call) => matches(row, call),
  query: LISTED,
  shown: INCLUDE_SCRIPT,
  more: [
    taking(
      TAG_PARAM,
      (run) => operation('POST', 'add_tag', { access: 'admin', doc: 'Add a tag.' }, run),
      (call, { tag = '' }) => retag(call, tag, (tags) => [...new Set([...tags, tag])]),
    ),
    taking(
      TAG_PARAM,
      (run) => operation('POST', 'remove_tag', { access: 'admin', doc: 'Remove a tag.' }, run),
      (call, { tag = '' }) => retag(call, tag, (tags) => tags.filter((one) => one !== tag)),
    ),
    taking(
      {
        ...INCLUDE_SCRIPT,
        to: integer('Id of a version, or how many to go back when negative.', {
          ...{ required: true, min: -(2 ** 31), max: 2 ** 31 - 1 },
        }),
      },
      (run) => operation('POST', 'revert', { access: 'admin', doc: 'Go back to a version.' }, run),
      async (call, { to = 0 }) => {
        const { id } = rowOf(ROUTES, await call.state(), call)
        await call.propose({ type: 'object.revert', table: 'scripts', id, to })
        return json(renderAfter(ROUTES, call, id))
      },
    ),
    taking(
      {
        revision: integer('Id of a version; the newest by default.', { min: 0, max: 2 ** 31 - 1 }),
        rev: integer('The same.', { min: 0, max: 2 ** 31 - 1 }),
      },
      (run) => operation('GET', 'download', { doc: 'Show the text of the script.' }, run),
      async (call, values) => {
        const row = rowOf(ROUTES, await call.state(), call)
        const wanted = values.revision ?? values.rev
        if (wanted === undefined) return bytes(Buffer.from(textOf(row)), 'application/binary')
        const version = row.history.find(({ id }) => id === wanted)
        if (version !== undefined) return bytes(Buffer.from(version.value), 'application/binary')
        throw new Rejection('BAD_REQUEST', `There is no revision ${wanted}.`)
      },
    ),
  ],
})

/** `type`, `hardware_type` and `filters` of the list; throws for what they cannot be. */
function matches(row: Script, call: Call): boolean {
  const { input } = call
  const is = (name: string, value: number, names: Readonly<Record<number, readonly string[]>>) => {
    const given = input.text(name)?.toLowerCase() ?? ''
    if (given === '') return true
    const id = Object.keys(names).find(
      (key) => key === given || names[Number(key)]?.includes(given),
    )
    if (id === undefined) throw fieldError(name, `'${given.slice(0, 64)}' is not a valid value.`)
    return Number(id) === value
  }
  const filters = input.list('filters')
  return (
    is('type', row.scriptType, SCRIPT_TYPES) &&
    is('hardware_type', row.hardwareType, HARDWARE_TYPES) &&
    (filters.length === 0 || filters.some((word) => word === row.name || row.tags.includes(word)))
  )
}
