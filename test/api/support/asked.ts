// What the operations of API 2.0 ask of their parameters, beside what they declare: every call of every test that
// uses the API is watched. A parameter that is read and not declared is in no document, so nobody knows of it.
import type { Test } from 'tap'
import { Rejection } from '#api/errors.ts'
import { Input } from '#api/input.ts'
import type { Action, Resource } from '#api/resource.ts'

/** Read by the dispatch, for every operation. */
const EVERYWHERE = new Set(['op', 'consistency', 'format'])

const READERS = ['has', 'text', 'bytes', 'all', 'list', 'mandatory', 'flag'] as const

export type Asked = {
  /** `METHOD path?op=… asks for NAME`, for each that is not declared. */
  readonly undeclared: Set<string>
  /** Calls that were watched. */
  calls: number
}

/** Watches from now until the test ends. */
export function watchParameters(t: Test, resources: readonly Resource[]): Asked {
  const found: Asked = { undeclared: new Set(), calls: 0 }
  const asked = new WeakMap<Input, Set<string>>()
  t.teardown(recordReads(asked))
  for (const resource of resources) {
    for (const action of resource.actions) t.teardown(watchAction(resource, action, asked, found))
  }
  return found
}

function recordReads(asked: WeakMap<Input, Set<string>>): () => void {
  const { prototype } = Input
  const readers = prototype as unknown as Record<string, (...values: unknown[]) => unknown>
  const real = new Map<string, (...values: unknown[]) => unknown>()
  for (const name of READERS) {
    const read = readers[name]
    if (read === undefined) throw new Error(`Input has no ${name}`)
    real.set(name, read)
    readers[name] = function recorded(this: Input, ...values: unknown[]) {
      asked.get(this)?.add(String(values[0]))
      return read.apply(this, values)
    }
  }
  return () => {
    for (const [name, read] of real) readers[name] = read
  }
}

function watchAction(
  { path }: Resource,
  action: Action,
  asked: WeakMap<Input, Set<string>>,
  found: Asked,
): () => void {
  const { run, params } = action
  if (params === undefined) return () => {}
  const line = `${action.method} ${path}${action.op === null ? '' : `?op=${action.op}`}`
  const watched = action as { run: Action['run'] }
  watched.run = async (call) => {
    const { input } = call
    const names = new Set<string>()
    asked.set(input, names)
    found.calls++
    const [result] = await Promise.allSettled([(async () => run(call))()])
    const refused: unknown = result.status === 'rejected' ? result.reason : undefined
    for (const name of names) {
      if (isDeclared(params, name) || isUnknownFilter(refused, name)) continue
      found.undeclared.add(`${line} asks for ${name}`)
      // Answered 500: no test that comes by here passes.
      throw new Error(`${line} asks for ${name} and does not declare it (api/params.ts)`)
    }
    if (result.status === 'rejected') throw refused
    return result.value
  }
  return () => {
    watched.run = run
  }
}

function isDeclared(params: NonNullable<Action['params']>, name: string): boolean {
  if (EVERYWHERE.has(name) || Object.hasOwn(params, name)) return true
  return Object.keys(params).some((one) => one.endsWith('*') && name.startsWith(one.slice(0, -1)))
}

/** A list looks at every filter that it is given, and refuses those that it does not know. */
function isUnknownFilter(error: unknown, name: string): boolean {
  if (!(error instanceof Rejection)) return false
  return error.fields?.[name.slice(0, 64)]?.includes('No such constraint.') === true
}
