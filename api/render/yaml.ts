// Plain data as YAML in block style: for netplan, cloud-init and curtin, whose readers want a file that people can read
// too. Quoted strings have JSON's escapes (which are YAML's, 1.2 §5.7), so that no value is ever read as something else.

export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain }

/**
 * Of the values: `quoted`, every string in double quotes; `readable`, only those that YAML might take for something
 * else (a MAC address is a number to base 60). Keys are always readable.
 */
export type Strings = 'quoted' | 'readable'

/** Members in their order; empty lists and objects as `[]` and `{}`. Ends with a line break. */
export function formatYaml(value: Plain, strings: Strings): string {
  return `${linesOf(value, strings).join('\n')}\n`
}

/** A scalar, or what is empty, is one line. */
function linesOf(value: Plain, strings: Strings): readonly string[] {
  if (!isNested(value)) return [scalar(value, strings)]
  if (isList(value)) {
    return value.flatMap((item) => {
      const [first = '', ...rest] = linesOf(item, strings)
      return [`- ${first}`, ...indented(rest)]
    })
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const lines = linesOf(item, strings)
    const name = readable(key)
    return isNested(item) ? [`${name}:`, ...indented(lines)] : [`${name}: ${lines[0] ?? ''}`]
  })
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}

type Nested = readonly Plain[] | { readonly [key: string]: Plain }

function isNested(value: Plain): value is Nested {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function isList(value: Nested): value is readonly Plain[] {
  return Array.isArray(value)
}

function scalar(value: Plain, strings: Strings): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return strings === 'quoted' ? quoted(value) : readable(value)
}

const READABLE = /^[a-z_][\w./-]*$/i
/** YAML 1.1 has more words for true, false and nothing than one thinks. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i

function readable(text: string): string {
  return READABLE.test(text) && !WORDS.test(text) ? text : quoted(text)
}

/** JSON leaves some characters as they are that YAML takes for line breaks or does not allow. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
