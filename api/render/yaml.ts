// Plain data as YAML in block style: for netplan and cloud-init, whose readers want a file that people can read too.
// Everything that YAML might take for something else (a MAC address is a number to base 60) is quoted as JSON does.

export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain }

/** Members in their order; empty lists and objects as `[]` and `{}`. Ends with a line end. */
export function toYaml(value: Plain): string {
  return `${linesOf(value).join('\n')}\n`
}

/** A scalar, or what is empty, is one line. */
function linesOf(value: Plain): readonly string[] {
  if (typeof value !== 'object') return [scalar(value)]
  if (isList(value)) {
    if (value.length === 0) return ['[]']
    return value.flatMap((item) => {
      const [first = '', ...rest] = linesOf(item)
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)]
    })
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return ['{}']
  return entries.flatMap(([key, item]) => {
    const lines = linesOf(item)
    const name = scalar(key)
    if (isScalar(item)) return [`${name}: ${lines[0] ?? ''}`]
    return [`${name}:`, ...lines.map((line) => `  ${line}`)]
  })
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value)
}

function isScalar(value: Plain): boolean {
  return typeof value !== 'object' || Object.keys(value).length === 0
}

const PLAIN = /^[a-z_][\w./-]*$/i
/** YAML 1.1 has more words for true, false and nothing than one thinks. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value)
}
