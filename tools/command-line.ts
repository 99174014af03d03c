// The words of the command line: what a command is, and how arguments are checked against it. Pure; the
// table itself is `command-table.ts`, so that help and completion need to load nothing else.
import { parseArgs } from 'node:util'
import { UsageError } from './exit-codes.ts'

export type Option = {
  readonly name: string
  readonly short?: string
  /** Name of the value in help; absent for a switch. */
  readonly value?: string
  readonly kind?: 'port' | 'count' | 'whole' | 'file'
  readonly many?: boolean
  readonly default?: string
  readonly choices?: readonly string[]
  readonly help: string
}

export type Positional = { readonly name: string; readonly optional?: boolean }

export type Command = {
  readonly path: readonly string[]
  readonly summary: string
  readonly positionals?: readonly Positional[]
  /** Also accepts any number of `field=value` after the positionals. */
  readonly fields?: boolean
  readonly options: readonly Option[]
  /** Left out of the overview; for the program itself. */
  readonly hidden?: boolean
  readonly load: () => Promise<Run>
}

export type Run = (args: Arguments, io: Io) => Promise<number>

/** What a command may touch of its process. */
export type Io = {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborted by SIGINT, SIGTERM or SIGHUP; who asks must end in good time then. */
  readonly stopped: () => AbortSignal
}

export class Arguments {
  readonly #values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
  readonly fields: Readonly<Record<string, string>>

  constructor(
    values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>,
    positionals: readonly string[],
    fields: Readonly<Record<string, string>>,
  ) {
    this.#values = values
    this.positionals = positionals
    this.fields = fields
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  given(name: string): boolean {
    return this.#values[name] !== undefined
  }

  /** Undefined when the option was not given and has no default. */
  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : Number(text)
  }

  /** Of an option that may be given more than once. */
  many(name: string): readonly string[] {
    return [this.#values[name] ?? []].flat().map(String)
  }

  /** Comma-separated; empty when absent. */
  list(name: string): readonly string[] {
    return (this.text(name) ?? '').split(',').filter((part) => part !== '')
  }

  at(index: number): string {
    return this.positionals[index] ?? ''
  }
}

export function isUnder(command: Command, words: readonly string[]): boolean {
  return words.every((word, at) => command.path[at] === word)
}

/** The command that `words` begin with; the longest one wins. */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): Command | undefined {
  return commands
    .filter((command) => isUnder(command, words.slice(0, command.path.length)))
    .filter((command) => command.path.length <= words.length)
    .toSorted((a, b) => b.path.length - a.path.length)[0]
}

/** Throws UsageError with one sentence. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const { values, positionals } = parse(command, words)
  const named = positionals.slice(0, command.positionals?.length ?? 0)
  const fields = parseFields(command, positionals.slice(named.length))
  const missing = (command.positionals ?? []).slice(named.length).find((one) => !one.optional)
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing`)
  for (const option of command.options) check(option, values[option.name])
  return new Arguments(withDefaults(command, values), named, fields)
}

function parse(command: Command, words: readonly string[]) {
  const options = Object.fromEntries(
    command.options.map(({ name, short, value, many }) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
        ...(many === undefined ? {} : { multiple: many }),
      },
    ]),
  )
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, allowNegative: true })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new UsageError(text.split('. ')[0] ?? text)
  }
}

function withDefaults(
  command: Command,
  values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>,
) {
  const defaults = command.options.filter((option) => option.default !== undefined)
  return { ...Object.fromEntries(defaults.map((one) => [one.name, one.default])), ...values }
}

function parseFields(command: Command, words: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const word of words) {
    const at = word.indexOf('=')
    if (command.fields !== true || at < 1) throw new UsageError(`unexpected argument '${word}'`)
    fields[word.slice(0, at)] = word.slice(at + 1)
  }
  return fields
}

function check(option: Option, value: unknown): void {
  if (typeof value !== 'string') return
  const whole = /^\d{1,9}$/.test(value) ? Number(value) : NaN
  if (option.kind === 'port' && !(whole >= 1 && whole <= 65_535)) {
    throw new UsageError(`--${option.name} must be a port, 1 to 65535`)
  }
  if (option.kind === 'count' && !(whole >= 1)) {
    throw new UsageError(`--${option.name} must be a whole number above 0`)
  }
  if (option.kind === 'whole' && !(whole >= 0)) {
    throw new UsageError(`--${option.name} must be a whole number`)
  }
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw new UsageError(`--${option.name} must be one of ${option.choices.join(', ')}`)
  }
}
