// One call of the walk, as data: what is asked, what MAAS answers by its catalogue, and what the answer looks like.

/** Who may call: as MAAS has it. */
export type Caller = 'anyone' | 'user' | 'admin'

export type Row = {
  /** `METHOD path`; `{a.b}` is replaced by what an earlier answer kept under `a` has as `b`. */
  readonly call: string
  readonly caller: Caller
  /** Every status that MAAS's catalogue has for it, with blanks between. */
  readonly codes: string
  /** Of the form, in the same notation. */
  readonly form?: Readonly<Record<string, string>>
  /** Instead of a form: a body of `application/octet-stream`. */
  readonly bytes?: string
  /** What must come: 200 unless said, 204 for DELETE. */
  readonly status?: number
  /**
   * A type of `api/answer-shapes.ts`, or `empty`, `text`, `null`, `any` JSON, `bytes`. A list must have an element, unless it
   * ends in `*`. `empty` for DELETE unless said.
   */
  readonly shows?: string
  /** Name under which the answer is kept for later rows. */
  readonly keep?: string
  /** A field without which it is 400, naming it. */
  readonly needs?: string
  /** Only where nothing is lost by it: elsewhere the row's refusals are tried and the call itself is not made. */
  readonly disposable?: true
  /** Asked of the first region, whose turn ever it is. */
  readonly first?: true
  /** Why the status is not among MAAS's codes, or is this one of them. */
  readonly because?: string
}

type More = Omit<Row, 'call' | 'caller' | 'codes'>

export const row = (call: string, caller: Caller, codes: string, more: More = {}): Row => ({
  ...{ call, caller, codes },
  ...more,
})

/** Path of the catalogue and its call, `METHOD` or `METHOD:op`, that the row is of. */
export function catalogueCall({ call }: Row): { readonly path: string; readonly call: string } {
  const [method = '', target = ''] = call.split(' ')
  const [path = '', query = ''] = target.split('?')
  const op = new URLSearchParams(query).get('op')
  return {
    path: path.replaceAll(/\{[\w.]+\}|(?<=\/)\d+(?=\/)/g, '*').replace(/\/$/, ''),
    call: op === null ? method : `${method}:${op}`,
  }
}
