// Plain data as YAML: block style, every string in double quotes with JSON's escapes (which are YAML's, 1.2 §5.7), so
// that no value is ever read as something else. Keys are words of ours.
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain }

/** Ends with a line break. */
export function formatYaml(value: { readonly [key: string]: Plain }): string {
  return `${linesOf(value).join('\n')}\n`
}

function linesOf(value: Plain): readonly string[] {
  if (!isNested(value)) return [scalar(value)]
  if (Array.isArray(value)) {
    return value.flatMap((item: Plain) => {
      const [first, ...rest] = linesOf(item)
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)]
    })
  }
  return Object.entries(value).flatMap(([key, item]) =>
    isNested(item)
      ? [`${keyOf(key)}:`, ...linesOf(item).map((line) => `  ${line}`)]
      : [`${keyOf(key)}: ${scalar(item)}`],
  )
}

function isNested(value: Plain): value is readonly Plain[] | { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function keyOf(key: string): string {
  const isPlain = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)
  return isPlain && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(key) ? key : quoted(key)
}

function scalar(value: Plain): string {
  if (typeof value === 'string') return quoted(value)
  return JSON.stringify(value)
}

/** JSON leaves some characters as they are that YAML takes for line breaks or does not allow. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
