// What a command prints of the API's JSON: a table, more of a table, JSON or YAML. Pure.

export type Form = 'table' | 'wide' | 'json' | 'yaml'

/** `columns` are `heading` or `heading:path.to.value`. */
export function formatValue(value: unknown, form: Form, columns: readonly string[]): string {
  if (form === 'json') return JSON.stringify(value)
  if (form === 'yaml') return toYaml(value)
  return formatTable(Array.isArray(value) ? value : [value], columns)
}

export function formatTable(rows: readonly unknown[], columns: readonly string[]): string {
  const parsed = columns.map((column) => {
    const [heading = '', path = heading] = column.split(':')
    return { heading: heading.toUpperCase(), path }
  })
  const lines = [
    parsed.map(({ heading }) => heading),
    ...rows.map((row) => parsed.map(({ path }) => cell(valueAt(row, path)))),
  ]
  const widths = parsed.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function valueAt(row: unknown, path: string): unknown {
  let value = row
  const names = path.split('.')
  for (const [at, name] of names.entries()) {
    // `ip_addresses.ip`: that of each of them.
    if (Array.isArray(value)) return value.map((item) => valueAt(item, names.slice(at).join('.')))
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(',')
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

/** A machine chooses its own hostname: control characters must not reach a terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD')
}

function toYaml(value: unknown): string {
  return yamlLines(value).join('\n')
}

function yamlLines(value: unknown): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ['[]']
    return value.flatMap((item) => {
      const [first = '', ...rest] = yamlLines(item)
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)]
    })
  }
  if (typeof value !== 'object' || value === null) return [scalar(value)]
  const entries = Object.entries(value)
  if (entries.length === 0) return ['{}']
  return entries.flatMap(([name, inner]) => {
    const lines = yamlLines(inner)
    const nested = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0
    const key = scalar(name)
    return nested ? [`${key}:`, ...lines.map((line) => `  ${line}`)] : [`${key}: ${lines[0] ?? ''}`]
  })
}

/** JSON's strings are YAML's double-quoted ones; plain only where no reader could take it for anything else. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null)
  const plain = /^[A-Za-z_/][\w ./-]*$/.test(value) && value.trim() === value
  const word = /^(y|n|yes|no|on|off|true|false|null)$/i.test(value)
  return plain && !word ? value : JSON.stringify(value)
}
