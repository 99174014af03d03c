// A resource of MAAS API 2.0: its path and what can be done with it. One list of these drives the router,
// the dispatch by (method, op) and the describe document, so that they cannot disagree.
import type { Answer, Call } from './call.ts'
import { readParams, type Params, type Values } from './params.ts'

export type Access = 'anyone' | 'user' | 'admin'

export type Action = {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Null for the restful four: read, create, update, delete. */
  readonly op: string | null
  readonly access: Access
  /** First line of the CLI's help. */
  readonly doc: string
  readonly run: (call: Call) => Promise<Answer> | Answer
  /** What it takes, in its query or form. Absent: not declared yet, the handler reads its form itself. */
  readonly params?: Params
}

export type Resource = {
  /** MAAS's handler name, e.g. `MachinesHandler`. */
  readonly name: string
  /** Below `/MAAS/api/2.0/`, e.g. `machines/{system_id}/`. */
  readonly path: string
  readonly doc: string
  readonly actions: readonly Action[]
  /**
   * Of POST and PUT, where it is no short form: `large`, a form with the content of an image; `bytes`, no form at all.
   * Only administrators may send either.
   */
  readonly body?: 'large' | 'bytes'
  /** Keys are not looked at, so that a wrong one is told where it matters: clients ask for the version first. */
  readonly isKeyless?: true
  /** Name of the half that is open to anyone, where it is not `Anon` and the name. */
  readonly anonName?: string
}

type Run = Action['run']
type Described = { readonly access?: Access; readonly doc: string }

const NOTHING: Params = {}

/** Reading and deleting take nothing unless they are told to (`taking`). */
export const read = (access: Access, doc: string, run: Run): Action => ({
  ...{ name: 'read', method: 'GET', op: null, access, doc, run, params: NOTHING },
})
export const create = (access: Access, doc: string, run: Run): Action => ({
  ...{ name: 'create', method: 'POST', op: null, access, doc, run },
})
export const update = (access: Access, doc: string, run: Run): Action => ({
  ...{ name: 'update', method: 'PUT', op: null, access, doc, run },
})
export const remove = (access: Access, doc: string, run: Run): Action => ({
  ...{ name: 'delete', method: 'DELETE', op: null, access, doc, run, params: NOTHING },
})
/** Named operation; GET when it changes nothing. */
export const operation = (
  method: 'GET' | 'POST',
  op: string,
  { access = 'user', doc }: Described,
  run: Run,
): Action => ({
  ...{ name: op, method, op, access, doc, run },
  ...(method === 'GET' ? { params: NOTHING } : {}),
})
/** For a POST or PUT that looks at nothing but its path. */
export const takingNothing = (action: Action): Action => ({ ...action, params: NOTHING })

type RunWith<P extends Params> = (call: Call, values: Values<P>) => Promise<Answer> | Answer

/** The action with its parameters declared: they are read and checked before `run` is asked. */
export function taking<P extends Params>(
  params: P,
  make: (run: Run) => Action,
  run: RunWith<P>,
): Action {
  let partial = false
  const action = make((call) => run(call, readParams(call.input, params, { partial })))
  // MAAS's PUT changes only what it names (maas-api §3).
  partial = action.method === 'PUT'
  return { ...action, params }
}
