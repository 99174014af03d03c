// The two resources of a table of small objects: its list and one of them. What differs is in `ObjectRoutes`.
import type { ObjectRows, ObjectTable } from '#model/objects.ts'
import type { Command } from '#state/command.ts'
import type { ObjectFields } from '#state/object-commands.ts'
import { objectOf, objectsOf } from '#state/object-query.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from './call.ts'
import { notFound } from './errors.ts'
import type { Params, Values } from './params.ts'
import { create, read, remove, taking, update, type Access, type Action } from './resource.ts'
import type { Resource } from './resource.ts'
import { parseId } from './specifiers.ts'

export type ObjectRoutes<T extends ObjectTable, P extends Params> = {
  readonly table: T
  /** As in `No <model> matches the given query.` */
  readonly model: string
  /** Singular and plural, for the help. */
  readonly words: readonly [one: string, many: string]
  /** Handlers of the list and of one, as MAAS names them. */
  readonly names: readonly [list: string, one: string]
  readonly paths: readonly [list: string, one: string]
  /** Who may read; all else is for administrators. */
  readonly readers: Access
  readonly params: P
  readonly createdStatus?: 201
  /** Fields that the form names; throws a Rejection for what only the state can tell. */
  readonly fieldsOf: (values: Values<P>, call: Call, state: RegionState) => Partial<ObjectFields<T>>
  /** For a new row, where the form says nothing. */
  readonly standard: ObjectFields<T>
  /** The row a path names; by `id` unless told otherwise. */
  readonly find?: (state: RegionState, call: Call) => ObjectRows[T] | undefined
  /** Throws a Rejection when the list's own path names what is not there. */
  readonly scope?: (state: RegionState, call: Call) => void
  /** Rows that the list shows; all unless told otherwise. */
  readonly listed?: (row: ObjectRows[T], call: Call) => boolean
  readonly render: (state: RegionState, row: ObjectRows[T], call: Call) => unknown
  /** Of a form, before anything is written: throws a Rejection for what takes a while to find out. */
  readonly check?: (values: Values<P>) => Promise<void>
  /** What else a new or changed row brings about; it is in the state. */
  readonly settle?: (call: Call, row: ObjectRows[T]) => Promise<void>
  /** What the list takes, and what showing and changing one take beside `params`. */
  readonly query?: Params
  readonly shown?: Params
  readonly more?: readonly Action[]
}

export function objectRoutes<T extends ObjectTable, P extends Params>(
  routes: ObjectRoutes<T, P>,
): readonly Resource[] {
  const { words, names, paths, readers } = routes
  const [one, many] = words
  return [
    {
      ...{ name: names[0], path: paths[0], doc: `Manage ${many}.` },
      actions: [
        taking(
          routes.query ?? {},
          (run) => read(readers, `List ${many}.`, run),
          (call) => list(routes, call),
        ),
        creation(routes),
      ],
    },
    {
      ...{ name: names[1], path: paths[1], doc: `Manage one ${one}.` },
      actions: [
        taking(
          routes.shown ?? {},
          (run) => read(readers, `Show one ${one}.`, run),
          async (call) => {
            const state = await call.state()
            return json(routes.render(state, rowOf(routes, state, call), call))
          },
        ),
        change(routes),
        remove('admin', `Delete one ${one}.`, async (call) => {
          const { id } = rowOf(routes, await call.state(), call)
          await call.propose({ type: 'object.delete', table: routes.table, id })
          return NO_CONTENT
        }),
        ...(routes.more ?? []),
      ],
    },
  ]
}

/** Throws NOT_FOUND. */
export function rowOf<T extends ObjectTable, P extends Params>(
  routes: Pick<ObjectRoutes<T, P>, 'table' | 'model' | 'find'>,
  state: RegionState,
  call: Call,
): ObjectRows[T] {
  const { table, model, find } = routes
  const id = parseId(call.param('id'))
  const byId = (): ObjectRows[T] | undefined =>
    id === null ? undefined : objectOf(state, table, id)
  const row = find === undefined ? byId() : find(state, call)
  if (row === undefined) throw notFound(model)
  return row
}

async function list<T extends ObjectTable, P extends Params>(
  { table, scope, listed, render }: ObjectRoutes<T, P>,
  call: Call,
) {
  const state = await call.state()
  scope?.(state, call)
  const rows = objectsOf(state, table).filter((row) => listed?.(row, call) ?? true)
  return jsonList(rows, (row) => render(state, row, call))
}

/** What is written is shown, too. */
function written<P extends Params>({ params, shown }: Written<P>): P {
  return { ...params, ...shown }
}

type Written<P extends Params> = { readonly params: P; readonly shown?: Params }

function creation<T extends ObjectTable, P extends Params>(routes: ObjectRoutes<T, P>): Action {
  const { table, words, standard } = routes
  return taking(
    written(routes),
    (run) => create('admin', `Create one ${words[0]}.`, run),
    async (call, values) => {
      const fields = { ...standard, ...routes.fieldsOf(values, call, await call.state()) }
      await routes.check?.(values)
      const { id } = await call.propose<CreateCommand>(pair('object.create', { table, fields }))
      await settle(routes, call, id)
      return json(renderAfter(routes, call, id), routes.createdStatus ?? 200)
    },
  )
}

function change<T extends ObjectTable, P extends Params>(routes: ObjectRoutes<T, P>): Action {
  const { table, words } = routes
  return taking(
    written(routes),
    (run) => update('admin', `Change one ${words[0]}.`, run),
    async (call, values) => {
      const state = await call.state()
      const { id } = rowOf(routes, state, call)
      const set = routes.fieldsOf(values, call, state)
      await routes.check?.(values)
      await call.propose(pair('object.update', { table, id, set }))
      await settle(routes, call, id)
      return json(renderAfter(routes, call, id))
    },
  )
}

type CreateCommand = Extract<Command, { readonly type: 'object.create' }>

/** The compiler cannot see that table and fields belong together; the signature of the routes says so. */
function pair<Type extends 'object.create' | 'object.update'>(type: Type, parts: object) {
  return { type, ...parts } as Extract<Command, { readonly type: Type }>
}

/** A row that somebody else deleted meanwhile shows its id only. */
export function renderAfter<T extends ObjectTable, P extends Params>(
  { table, render }: Pick<ObjectRoutes<T, P>, 'table' | 'render'>,
  call: Call,
  id: number,
): unknown {
  const state = call.after()
  const row = objectOf(state, table, id)
  return row === undefined ? { id } : render(state, row, call)
}

async function settle<T extends ObjectTable, P extends Params>(
  routes: ObjectRoutes<T, P>,
  call: Call,
  id: number,
): Promise<void> {
  const row = objectOf(call.after(), routes.table, id)
  if (row !== undefined) await routes.settle?.(call, row)
}
