// What one noun of the command line is: where it lives in MAAS's API, what a table shows, what can be done.
import type { Option } from '../command-line.ts'

export type Noun = {
  readonly noun: string
  /** In help, after "list" and "show one of the". */
  readonly summary: string
  /** Collection below `/MAAS/api/2.0/` or `/api/v1/`, no slash at the end. */
  readonly path: string
  /** `v1`: of /api/v1, which takes JSON and answers lists in pages. */
  readonly api?: 'v1'
  /** Path of one of them without its id, where it differs from the collection's. */
  readonly itemPath?: string
  /** How one is named on the command line. */
  readonly id: string
  /** Goes with `list`. */
  readonly query?: Readonly<Record<string, string>>
  /** `single`: there is no path of one of them, `list` narrows; `none`: there is no `get`. */
  readonly get?: 'single' | 'none'
  /** `none`: not by itself; a verb of the noun may. */
  readonly list?: 'none'
  /** Row field that the id of the command line is. */
  readonly key: string
  /** `heading` or `heading:path.to.value`. */
  readonly columns: readonly string[]
  readonly wide?: readonly string[]
  /** Tables of the event stream whose changes `--watch` looks for; absent: cannot be watched. */
  readonly tables?: readonly string[]
  readonly verbs?: readonly Verb[]
}

export type Verb = {
  /** `create`, `update` and `delete` are POST, PUT and DELETE; anything else is an operation (`op`). */
  readonly verb: string
  readonly op?: string
  /** Default: `create` on the collection, everything else on one item. */
  readonly on?: 'collection' | 'item'
  /** Default POST; GET without an operation reads the path. */
  readonly method?: 'GET' | 'POST'
  readonly summary: string
  /** After the id, if there is one. Each is a field of the form, or fills the `{}` of `path`. */
  readonly positionals?: readonly { readonly name: string; readonly field: string | null }[]
  /** Collection path with a `{}` for each positional that is no field. */
  readonly path?: string
  /** Where it differs from the noun's. */
  readonly api?: 'v1'
  /** Option name → field of the form is the same with underscores. */
  readonly options?: readonly Option[]
  /** Names of the statuses that `--wait` waits for; absent: there is nothing to wait for. */
  readonly waitsFor?: readonly string[]
  /** Columns of what an operation answers; default the noun's. */
  readonly columns?: readonly string[]
}

/** An option that is a field of the form. */
export function field(name: string, value: string, help: string): Option {
  return { name, value, help }
}

/** The content of a file. */
export function file(name: string, help: string): Option {
  return { name, value: 'FILE', help, kind: 'file' }
}

/** One that may be given more than once: the field is repeated. */
export function fields(name: string, value: string, help: string): Option {
  return { name, value, help, many: true }
}

/** A yes or no: `--name`, `--no-name`. */
export function flag(name: string, help: string): Option {
  return { name, help }
}

export function removal(summary: string, options: readonly Option[] = []): Verb {
  return { verb: 'delete', summary, options }
}
