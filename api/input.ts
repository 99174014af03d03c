// Parameters of one call, from a query string, a form, a multipart body or a flat JSON object: names with
// one or more texts (maas-api §3). Reading a value never throws; wrong values are collected by `Form`, so
// that one answer names all of them.
import { parseIp, type Ip } from '#model/ip.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import { Rejection } from './errors.ts'

/** More parameters than this in one request are refused. */
export const PARAMETERS_MAX = 1_000

const TRUE = new Set(['true', '1', 'on', 'yes', 'y', 't'])
const FALSE = new Set(['', 'false', '0', 'off', 'no', 'n', 'f'])

export class Input {
  readonly #values = new Map<string, string[]>()
  /** Of parts that came as bytes: the text of them may have lost some. */
  readonly #bytes = new Map<string, Buffer>()
  #count = 0

  static fromPairs(pairs: Iterable<readonly [string, string]>): Input {
    const input = new Input()
    for (const [name, value] of pairs) input.add(name, value)
    return input
  }

  /** Throws BAD_REQUEST beyond PARAMETERS_MAX. */
  add(name: string, value: string, bytes?: Buffer): void {
    if (++this.#count > PARAMETERS_MAX) {
      throw new Rejection('BAD_REQUEST', `A request may have ${PARAMETERS_MAX} parameters.`)
    }
    const values = this.#values.get(name)
    if (values === undefined) this.#values.set(name, [value])
    else values.push(value)
    if (bytes !== undefined) this.#bytes.set(name, bytes)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  names(): readonly string[] {
    return [...this.#values.keys()]
  }

  /** The last value of a repeated parameter, as Django has it. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** The last value as it was sent. */
  bytes(name: string): Buffer | undefined {
    const text = this.text(name)
    return this.#bytes.get(name) ?? (text === undefined ? undefined : Buffer.from(text))
  }

  /** Every value of a repeated parameter, as it came. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** Repeated, separated by commas, or both; empty parts are dropped. */
  list(name: string, separator = ','): readonly string[] {
    const values = this.#values.get(name) ?? []
    return values
      .flatMap((value) => value.split(separator))
      .map((value) => value.trim())
      .filter((value) => value !== '')
  }

  /** `prefix_key=value` as `key → value`. */
  withPrefix(prefix: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>()
    for (const name of this.#values.keys()) {
      if (name.startsWith(prefix)) found.set(name.slice(prefix.length), this.text(name) ?? '')
    }
    return found
  }

  /** Parameters that an operation cannot do without: MAAS answers these with a sentence. */
  mandatory(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new Rejection('BAD_REQUEST', `No provided ${name}!`)
    return value
  }

  flag(name: string): boolean {
    return TRUE.has((this.text(name) ?? '').toLowerCase())
  }
}

/** Bounds of a text field; `max` in UTF-16 units. */
type TextOptions = { readonly max?: number; readonly pattern?: RegExp; readonly message?: string }

/** Reads fields and collects what is wrong with them. `undefined` means absent (or reported). */
export class Form {
  readonly input: Input
  /** A map: names are the client's, `__proto__` among them. */
  readonly #errors = new Map<string, string[]>()

  constructor(input: Input) {
    this.input = input
  }

  report(name: string, message: string): undefined {
    this.#errors.set(name, [...(this.#errors.get(name) ?? []), message])
    return undefined
  }

  /** Throws VALIDATION with everything reported so far. */
  check(): void {
    if (this.#errors.size === 0) return
    const fields = Object.fromEntries(this.#errors)
    throw new Rejection('VALIDATION', 'The request has invalid values.', { fields })
  }

  require(name: string): void {
    if ((this.input.text(name) ?? '') === '') this.report(name, 'This field is required.')
  }

  text(name: string, options: TextOptions = {}): string | undefined {
    const value = this.input.text(name)
    if (value === undefined) return undefined
    const max = options.max ?? 255
    if (value.length > max) {
      return this.report(name, `Ensure this value has at most ${max} characters.`)
    }
    if (hasControls(value)) return this.report(name, 'Control characters are not allowed.')
    if (options.pattern !== undefined && value !== '' && !options.pattern.test(value)) {
      return this.report(name, options.message ?? 'Enter a valid value.')
    }
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.input.text(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (TRUE.has(value)) return true
    if (FALSE.has(value)) return false
    return this.report(name, 'Enter true or false.')
  }

  integer(
    name: string,
    bounds: { readonly min: number; readonly max: number },
  ): number | undefined {
    const text = this.input.text(name)
    if (text === undefined || text === '') return undefined
    const value = /^-?\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN
    if (Number.isNaN(value)) return this.report(name, 'Enter a whole number.')
    if (value < bounds.min || value > bounds.max) {
      return this.report(name, `Enter a number from ${bounds.min} to ${bounds.max}.`)
    }
    return value
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.input.text(name)
    if (text === undefined || text === '') return undefined
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    return this.report(name, `'${text.slice(0, 64)}' is not one of ${choices.join(', ')}.`)
  }

  /** Of either family. Null when given empty: the field is cleared. */
  ip(name: string): Ip | null | undefined {
    const text = this.input.text(name)
    if (text === undefined) return undefined
    if (text.trim() === '') return null
    return parseIp(text) ?? this.report(name, 'Enter a valid IPv4 or IPv6 address.')
  }

  mac(name: string): MacAddress | undefined {
    const text = this.input.text(name)
    if (text === undefined || text === '') return undefined
    return parseMac(text) ?? this.report(name, `'${text.slice(0, 32)}' is not a valid MAC address.`)
  }
}

/** C0 controls except tab and line ends; they have no place in names, comments or keys. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 127 || (unit < 32 && unit !== 9 && unit !== 10 && unit !== 13)) return true
  }
  return false
}
