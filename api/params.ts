// What an operation takes, declared once: the same declaration reads and checks the form, is told by describe and
// is the operation's schema in the OpenAPI document.
import type { MacAddress } from '#model/mac-address.ts'
import { Form, type Input } from './input.ts'

/** The parts of JSON Schema 2020-12 that parameters need. */
export type Schema = {
  readonly type: 'string' | 'integer' | 'boolean' | 'array' | 'object'
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly string[]
  readonly format?: string
  readonly contentEncoding?: string
  readonly items?: Schema
  readonly maxItems?: number
}

export type Param<T> = {
  readonly doc: string
  readonly required: boolean
  /** Required, and a missing one is told by the operation itself, in a sentence of MAAS's. */
  readonly mandatory?: boolean
  readonly schema: Schema
  /** Undefined when absent, or when it was wrong and reported to the form. */
  readonly read: (form: Form, name: string) => T | undefined
}

/** A name that ends in `*` stands for every name that begins so: each is read and checked, none is in the values. */
export type Params = Readonly<Record<string, Param<unknown>>>
export type Values<P extends Params> = {
  readonly [N in keyof P]?: P[N] extends Param<infer T> ? T : never
}

/** Throws VALIDATION naming every wrong field; `partial`: what is required may be absent (PUT). */
export function readParams<P extends Params>(
  input: Input,
  params: P,
  options: { readonly partial?: boolean } = {},
): Values<P> {
  const form = new Form(input)
  const values: Record<string, unknown> = {}
  for (const [name, param] of Object.entries(params)) {
    if (name.endsWith('*')) {
      readAll(form, name.slice(0, -1), param)
      continue
    }
    const isWanted = mustHave(param) && (options.partial !== true || input.has(name))
    if (isWanted && !hasText(input, name)) {
      form.report(name, 'This field is required.')
      continue
    }
    const value = param.read(form, name)
    if (value !== undefined) values[name] = value
  }
  form.check()
  return values as Values<P>
}

function mustHave({ required, mandatory: isTold = false }: Param<unknown>): boolean {
  return required && !isTold
}

function readAll(form: Form, prefix: string, param: Param<unknown>): void {
  for (const key of form.input.withPrefix(prefix).keys()) param.read(form, `${prefix}${key}`)
}

function hasText(input: Input, name: string): boolean {
  return input.all(name).some((value) => value !== '')
}

type Options = { readonly required?: boolean }

/** `max` in UTF-16 units, 255 by default. */
export function text(
  doc: string,
  options: Options & {
    readonly max?: number
    readonly pattern?: RegExp
    readonly message?: string
  } = {},
): Param<string> {
  const { required = false, max = 255, pattern, message } = options
  return {
    ...{ doc, required },
    schema: {
      ...{ type: 'string', maxLength: max },
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    },
    read: (form, name) =>
      form.text(name, {
        max,
        ...(pattern === undefined ? {} : { pattern }),
        ...(message === undefined ? {} : { message }),
      }),
  }
}

export function flag(doc: string): Param<boolean> {
  const schema: Schema = { type: 'boolean' }
  return { doc, required: false, schema, read: (form, name) => form.flag(name) }
}

export function integer(
  doc: string,
  options: Options & { readonly min: number; readonly max: number },
): Param<number> {
  const { required = false, min, max } = options
  const schema: Schema = { type: 'integer', minimum: min, maximum: max }
  return { doc, required, schema, read: (form, name) => form.integer(name, { min, max }) }
}

export function choice<T extends string>(
  doc: string,
  choices: readonly T[],
  options: Options = {},
): Param<T> {
  const schema: Schema = { type: 'string', enum: choices }
  const { required = false } = options
  return { doc, required, schema, read: (form, name) => form.choice(name, choices) }
}

const LIST_MAX = 1_000

/** Repeated or with commas; an empty text is the empty list. */
export function list(
  doc: string,
  options: Options & { readonly itemMax?: number; readonly pattern?: RegExp } = {},
): Param<readonly string[]> {
  const { required = false, itemMax = 255, pattern } = options
  const items: Schema = {
    ...{ type: 'string', maxLength: itemMax },
    ...(pattern === undefined ? {} : { pattern: pattern.source }),
  }
  return {
    ...{ doc, required, schema: { type: 'array', items, maxItems: LIST_MAX } },
    read: (form, name) => {
      if (!form.input.has(name)) return undefined
      const values = form.input.list(name)
      if (values.length > LIST_MAX) return form.report(name, `At most ${LIST_MAX} values.`)
      const bad = values.find(
        (value) => value.length > itemMax || hasBadText(value) || pattern?.test(value) === false,
      )
      if (bad === undefined) return values
      return form.report(name, `'${bad.slice(0, 64)}' is not a valid value.`)
    },
  }
}

/** Required, and its absence told by the operation, as MAAS does for parameters outside of its forms. */
export function mandatory<T>(param: Param<T>): Param<T> {
  return { ...param, mandatory: true, required: true }
}

/** Undefined when absent or empty. */
export function mac(doc: string, options: Options = {}): Param<MacAddress> {
  const schema: Schema = { type: 'string', maxLength: 64 }
  const { required = false } = options
  return { doc, required, schema, read: (form, name) => form.mac(name) }
}

/** Text that may be long and have any line ends; `max` in UTF-16 units. */
export function longText(doc: string, options: Options & { readonly max: number }): Param<string> {
  return text(doc, options)
}

/** Anything else: `read` reports what is wrong. */
export function custom<T>(
  doc: string,
  schema: Schema,
  read: Param<T>['read'],
  options: Options = {},
): Param<T> {
  return { doc, required: options.required ?? false, schema, read }
}

function hasBadText(value: string): boolean {
  // A lone surrogate is no text, and a control character has no place in one word.
  return /\p{Surrogate}|\p{Cc}/u.test(value)
}
