// What a command handler gets besides its command, and the ways it can answer.
import type { ErrorCode } from '#model/errors.ts'
import type { Actor, CommandOf, CommandType } from './command.ts'
import type { OutcomeOf, Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

export type Context = {
  readonly state: RegionState
  /** Log time of the entry; what `…At` and `until` are compared with. */
  readonly now: number
  /** Unix ms at the node that received the request; display only. */
  readonly wall: number
  readonly actor: Actor
}

/** Handlers write rows as they go: when they refuse, `apply` takes all of it back. */
export type Handler<T extends CommandType> = (
  context: Context,
  command: CommandOf<T>,
) => OutcomeOf<CommandOf<T>>

export const DONE = { ok: true, value: null } as const

export function created<Id>(id: Id): { readonly ok: true; readonly value: { readonly id: Id } } {
  return { ok: true, value: { id } }
}

export function refuse(code: ErrorCode, message: string): Refusal {
  return { ok: false, code, message }
}

/** A value of the API field `field` is wrong. */
export function invalid(field: string, message: string): Refusal {
  return { ok: false, code: 'VALIDATION', message, fields: { [field]: [message] } }
}

export function notFound(model: string): Refusal {
  return refuse('NOT_FOUND', `No ${model} matches the given query.`)
}

/** First id of the counters that do not begin at 1, as MAAS has them. */
const FIRST_IDS: Readonly<Record<string, number>> = {
  ...{ domains: 0, fabrics: 0, spaces: 0, vlans: 5001 },
  // Below are the rows that are there from the start.
  ...{ zones: 2, resourcePools: 1, packageRepositories: 3 },
}

/** Ids are never given twice, also when their object is gone. */
export function nextId<Id extends number>(state: RegionState, name: string): Id {
  const last = state.counters.get(name)?.last ?? (FIRST_IDS[name] ?? 1) - 1
  state.counters.put(name, { last: last + 1, name })
  return (last + 1) as Id
}
