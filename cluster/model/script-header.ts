// The header of a script that somebody uploaded (maas-features §8): YAML in comments between two marks. A small strict
// reader of the part of YAML that such headers use: mappings by indentation, lists, `[…]`, `{…}`, quoted and plain
// scalars, all of them text. What it does not know it refuses, by line.
import type { ScriptParameter } from './builtin-scripts.ts'

export type HeaderValue =
  | string
  | readonly HeaderValue[]
  | { readonly [key: string]: HeaderValue | undefined }

const BEGIN = /^#\s*-+\s*start maas 1\.0 script metadata\s*-+/i
const END = /^#\s*-+\s*end maas 1\.0 script metadata\s*-+/i
const LINES_MAX = 200
const DEPTH_MAX = 8
/** No object that is written and read again has a field of this name. */
const UNKEEPABLE = '__proto__'

type Line = { readonly indent: number; readonly text: string; readonly number: number }
type Mapping = Readonly<Record<string, HeaderValue | undefined>>

class HeaderError extends Error {}

export type ScriptHeader = { readonly ok: true; readonly fields: Mapping } | Malformed
type Malformed = { readonly ok: false; readonly message: string }

/** No header is an empty one. */
export function parseHeader(script: string): ScriptHeader {
  try {
    return { ok: true, fields: read(linesOf(script)) }
  } catch (error) {
    if (error instanceof HeaderError) return { ok: false, message: error.message }
    throw error
  }
}

const TYPES: readonly ScriptParameter['type'][] = [
  'storage',
  'interface',
  'string',
  'password',
  'url',
  'choice',
  'boolean',
  'integer',
]

/** Of a malformed header none; a parameter of an unknown type is text. */
export function parametersOf(script: string): Readonly<Record<string, ScriptParameter>> {
  const header = parseHeader(script)
  const given = header.ok ? header.fields['parameters'] : undefined
  if (!isMapping(given)) return {}
  const known = Object.entries(given).flatMap(([name, about]): [string, ScriptParameter][] => {
    if (!isMapping(about)) return []
    const type = TYPES.find((each) => each === textOf(about['type'])) ?? 'string'
    const isDevice = type === 'storage' || type === 'interface'
    return [
      [
        name,
        {
          type,
          standard: textOf(about['default']) || (isDevice ? 'all' : ''),
          required: textOf(about['required']) !== 'false',
          argumentFormat: textOf(about['argument_format']),
        },
      ],
    ]
  })
  return Object.fromEntries(known)
}

export function isMapping(value: HeaderValue | undefined): value is Mapping {
  return typeof value === 'object' && !Array.isArray(value)
}

function textOf(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function linesOf(script: string): readonly Line[] {
  const all = script.split('\n')
  const from = all.findIndex((line) => BEGIN.test(line))
  if (from < 0) return []
  const to = all.findIndex((line, at) => at > from && END.test(line))
  if (to < 0) throw new HeaderError('The script metadata has no end.')
  if (to - from > LINES_MAX) throw new HeaderError(`More than ${LINES_MAX} lines of metadata.`)
  return all.slice(from + 1, to).flatMap((line, at): readonly Line[] => {
    const number = from + 2 + at
    if (!line.startsWith('#')) throw new HeaderError(`Line ${number} is no comment.`)
    const text = line
      .replace(/^# ?/, '')
      .replace(/(?:^|\s)#.*$/, '')
      .trimEnd()
    if (text.includes('\t')) throw new HeaderError(`Line ${number} has a tab.`)
    if (text.trim() === '') return []
    return [{ indent: text.length - text.trimStart().length, text: text.trim(), number }]
  })
}

function read(lines: readonly Line[]): Mapping {
  if (lines.length === 0) return {}
  const value = block(lines, 0)
  if (!isMapping(value)) throw new HeaderError('The script metadata is no mapping.')
  return value
}

function block(lines: readonly Line[], depth: number): HeaderValue {
  const [first] = lines
  if (first === undefined) return ''
  if (depth > DEPTH_MAX) throw new HeaderError(`Line ${first.number} is nested too deeply.`)
  const parts = split(lines, first.indent)
  if (first.text.startsWith('- ')) return parts.map((part) => item(part, depth))
  const fields = new Map<string, HeaderValue>()
  for (const part of parts) {
    const [head, ...rest] = part
    if (head === undefined) continue
    const [, key, value = ''] = /^([\w.-]+):(?: (.*))?$/.exec(head.text) ?? []
    if (key === undefined || key === UNKEEPABLE)
      throw new HeaderError(`Line ${head.number} is no 'key: value'.`)
    if (fields.has(key)) throw new HeaderError(`Line ${head.number} repeats ${key}.`)
    if (value.trim() !== '' && rest.length > 0) {
      throw new HeaderError(`Line ${head.number + 1} is indented more than it may be.`)
    }
    fields.set(key, rest.length > 0 ? block(rest, depth + 1) : scalar(value, head.number))
  }
  return Object.fromEntries(fields)
}

function item(part: readonly Line[], depth: number): HeaderValue {
  const [head, ...rest] = part
  if (head === undefined || !head.text.startsWith('- ')) {
    throw new HeaderError(`Line ${head?.number ?? 0} is no item of the list.`)
  }
  const text = head.text.slice(2).trim()
  if (!/^[\w.-]+:(?: |$)/.test(text)) {
    if (rest.length > 0) throw new HeaderError(`Line ${head.number + 1} is indented too much.`)
    return scalar(text, head.number)
  }
  return block([{ ...head, indent: head.indent + 2, text }, ...rest], depth + 1)
}

/** Each line of `indent` with the deeper ones below it. */
function split(lines: readonly Line[], indent: number): readonly (readonly Line[])[] {
  const parts: Line[][] = []
  for (const line of lines) {
    if (line.indent < indent) throw new HeaderError(`Line ${line.number} is indented too little.`)
    if (line.indent === indent) parts.push([line])
    else parts.at(-1)?.push(line)
  }
  return parts
}

/** A whole value on one line. */
function scalar(text: string, number: number): HeaderValue {
  const reader = new FlowReader(text.trim(), number)
  return reader.whole()
}

class FlowReader {
  readonly #text: string
  readonly #number: number
  #at = 0

  constructor(text: string, number: number) {
    this.#text = text
    this.#number = number
  }

  whole(): HeaderValue {
    if (!/^[[{"'&*!|>%@`]/.test(this.#text)) return this.#text
    const value = this.#value(0)
    if (this.#at < this.#text.length) throw this.#error()
    return value
  }

  #value(depth: number): HeaderValue {
    if (depth > DEPTH_MAX) throw this.#error()
    const first = this.#text[this.#at] ?? ''
    if (first === '[') return this.#list(depth)
    if (first === '{') return this.#mapping(depth)
    return first === '"' || first === "'" ? this.#quoted(first) : this.#plain()
  }

  #list(depth: number): HeaderValue {
    const items: HeaderValue[] = []
    this.#at++
    while (!this.#closes(']')) {
      items.push(this.#value(depth + 1))
      this.#separator(']')
    }
    return items
  }

  #mapping(depth: number): HeaderValue {
    const fields = new Map<string, HeaderValue>()
    this.#at++
    while (!this.#closes('}')) {
      const [match, key] = /^([\w.-]+): */.exec(this.#text.slice(this.#at)) ?? []
      if (match === undefined || key === undefined || key === UNKEEPABLE) throw this.#error()
      if (fields.has(key)) throw this.#error()
      this.#at += match.length
      fields.set(key, this.#value(depth + 1))
      this.#separator('}')
    }
    return Object.fromEntries(fields)
  }

  /** Steps over the closing bracket when it is next. */
  #closes(bracket: string): boolean {
    this.#blanks()
    if (this.#text[this.#at] !== bracket) return false
    this.#at++
    return true
  }

  #separator(bracket: string): void {
    this.#blanks()
    if (this.#text[this.#at] === ',') this.#at++
    else if (this.#text[this.#at] !== bracket) throw this.#error()
  }

  #quoted(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at + 1)
    const inner = end < 0 ? '\\' : this.#text.slice(this.#at + 1, end)
    if (inner.includes('\\')) throw this.#error()
    this.#at = end + 1
    return inner
  }

  #plain(): string {
    const [match = ''] = /^[^[\]{},"'&*!|>%@`#]+/.exec(this.#text.slice(this.#at)) ?? []
    if (match.trim() === '') throw this.#error()
    this.#at += match.length
    return match.trim()
  }

  #blanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #error(): HeaderError {
    return new HeaderError(`Line ${this.#number} has a value that is not understood here.`)
  }
}
