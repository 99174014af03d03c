// The small objects an operator keeps (`model/objects.ts`): one way to make, change, delete and revert rows of
// all their tables. What differs is the table of rules.
import { AppError } from '#model/errors.ts'
import type { ObjectRows, ObjectTable, TextVersion } from '#model/objects.ts'
import type { CommandOf } from './command.ts'
import type { ObjectFields } from './object-commands.ts'
import { created, DONE, invalid, nextId, notFound, refuse, type Context } from './context.ts'
import type { Handler } from './context.ts'
import { TEXT_CHARACTERS_MAX, TEXT_VERSIONS_MAX } from './limits.ts'
import { OBJECT_RULES, type ObjectRule } from './object-rules.ts'
import { isDefault, objectOf, objectsOf, objectTable } from './object-query.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

/** Which table it is, is known from the command alone: the pairs of the union are undone here once. */
type AnyRow = ObjectRows[ObjectTable]
type AnyRule = ObjectRule<ObjectTable>

export const createObject: Handler<'object.create'> = (context, command) => {
  const { state, wall } = context
  const { table, fields } = command
  const rule = ruleOf(table)
  if (objectTable(state, table).size >= rule.rowsMax) {
    return refuse('OVERLOADED', `At most ${rule.rowsMax} of ${rule.model} are kept.`)
  }
  const id = nextId<number>(state, table)
  const versions = 'value' in fields ? { history: newVersion(context, fields, []) } : {}
  const row = { ...rule.initial(wall), ...withoutText(fields), ...versions, id } as AnyRow
  objectTable(state, table).put(id, row as never)
  return checkRow(state, table, row) ?? created(id)
}

export const updateObject: Handler<'object.update'> = (context, { table, id, set }) => {
  const { state, wall } = context
  const rule = ruleOf(table)
  const before = objectOf(state, table, id) as AnyRow | undefined
  if (before === undefined) return notFound(rule.model)
  const versions =
    'value' in set && set.value !== undefined && 'history' in before
      ? { history: newVersion(context, set, before.history) }
      : {}
  const stamped = 'updatedWall' in before ? { updatedWall: wall } : {}
  const row = { ...before, ...withoutText(set), ...versions, ...stamped, id } as AnyRow
  objectTable(state, table).put(id, row as never)
  const refusal = checkRow(state, table, row)
  if (refusal !== null) return refusal
  rule.changed?.(context, before as never, row as never)
  return DONE
}

export const deleteObject: Handler<'object.delete'> = (context, { table, id }) => {
  const { state } = context
  const rule = ruleOf(table)
  const row = objectOf(state, table, id)
  if (row === undefined) return notFound(rule.model)
  if (isDefault(table, id)) {
    return refuse('VALIDATION', `${rule.model} ${id} is the default one and stays.`)
  }
  const obstacle = rule.obstacle?.(state, row as never) ?? null
  if (obstacle !== null) {
    return refuse('VALIDATION', `${rule.model} ${id} cannot be deleted: ${obstacle}.`)
  }
  objectTable(state, table).delete(id)
  rule.changed?.(context, row as never, null)
  return DONE
}

export const revertObject: Handler<'object.revert'> = ({ state }, { table, id, to }) => {
  const row = objectOf(state, table, id)
  if (row === undefined) return notFound(ruleOf(table).model)
  // A table that has none is named by no API, but by whoever writes to the log it may be.
  const { history = [] } = row as Partial<typeof row>
  const at = to < 0 ? history.length - 1 + to : history.findIndex((version) => version.id === to)
  if (at < 0 || at >= history.length) {
    return invalid('to', `There is no version ${to}.`)
  }
  const next = { ...row, history: history.slice(0, at + 1) }
  objectTable(state, table).put(id, next as never)
  return DONE
}

export const dismissNotification: Handler<'notification.dismiss'> = ({ state }, { id, userId }) => {
  const row = state.notifications.get(id)
  if (row === undefined) return notFound('Notification')
  if (!row.dismissable) return refuse('FORBIDDEN', 'Notification is not dismissable.')
  if (row.dismissedBy.includes(userId)) return DONE
  state.notifications.put(id, { ...row, dismissedBy: [...row.dismissedBy, userId] })
  return DONE
}

/** Throws for a table this version does not know: the log is newer. */
function ruleOf(table: ObjectTable): AnyRule {
  if (Object.hasOwn(OBJECT_RULES, table)) return OBJECT_RULES[table] as unknown as AnyRule
  throw new AppError('UNSUPPORTED_VERSION', `Objects of ${String(table)} are not known here.`)
}

/** Asked after the row was written; a refusal takes it back. */
function checkRow(state: RegionState, table: ObjectTable, row: AnyRow): Refusal | null {
  const rule = ruleOf(table)
  const name = rule.unique(row as never)
  if (name !== null) {
    const sharer = objectsOf(state, table).find(
      (other) => other.id !== row.id && rule.unique(other as never) === name,
    )
    if (sharer !== undefined) return invalid(rule.uniqueField, rule.uniqueMessage)
  }
  return rule.check?.(state, row as never) ?? null
}

type Text = { readonly value?: string; readonly comment?: string }

function withoutText(fields: CommandOf<'object.update'>['set'] & Text) {
  const { value: _value, comment, ...others } = fields as Text & Partial<ObjectFields<'tags'>>
  // A tag has a comment of its own; of a script or snippet it belongs to the version.
  return _value === undefined && comment !== undefined && !('history' in others)
    ? { ...others, comment }
    : others
}

/** The oldest versions go when there are too many or they are too long together. */
function newVersion(
  { state, wall }: Context,
  { value = '', comment = '' }: Text,
  history: readonly TextVersion[],
): readonly TextVersion[] {
  if (history.at(-1)?.value === value) return history
  const id = nextId<number>(state, 'textVersions')
  const all = [...history, { id, value, comment, createdWall: wall }].slice(-TEXT_VERSIONS_MAX)
  const isTooLong = (): boolean =>
    all.reduce((sum, version) => sum + version.value.length, 0) > TEXT_CHARACTERS_MAX
  while (all.length > 1 && isTooLong()) all.shift()
  return all
}
