// Help texts from the command table: the overview, one noun, one command.
import { isUnder, type Command, type Option } from './command-line.ts'

const WIDTH_MAX = 96

export function overview(commands: readonly Command[]): string {
  const shown = commands.filter((command) => !command.hidden)
  const nouns = [...new Set(shown.map((command) => command.path[0] ?? ''))]
  const rows = nouns.flatMap((noun): Row[] => {
    const own = shown.filter((command) => command.path[0] === noun)
    const alone = own.filter((command) => command.path.length === 1)
    const verbs = own.flatMap((command) => command.path[1] ?? [])
    const grouped = wrapped(noun, verbs).map((line): Row => [line, ''])
    return [...alone.map((command): Row => [noun, command.summary]), ...grouped]
  })
  return [
    'Ironraft: bare metal as a cloud, without a database.',
    '',
    'Usage: ironraft COMMAND [OPTIONS]',
    '',
    ...aligned(rows),
    '',
    '`ironraft COMMAND --help` says more; `--version` prints the version.',
    'Regions and key of a cluster: a profile (`login`), or IRONRAFT_ENDPOINT and IRONRAFT_API_KEY.',
    'Exit: 0 ok, 1 error, 2 usage, 3 not found, 4 conflict, 5 denied, 6 time-out, 7 no quorum.',
  ].join('\n')
}

/** Further lines begin below the first verb. */
function wrapped(noun: string, verbs: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const verb of verbs) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + verb.length < WIDTH_MAX) {
      lines[lines.length - 1] = `${last}|${verb}`
    } else {
      if (last !== undefined) lines[lines.length - 1] = `${last}|`
      lines.push(`${last === undefined ? noun : ' '.repeat(noun.length)} ${verb}`)
    }
  }
  return lines
}

/** Help of everything that begins with `words`; undefined when nothing does. */
export function helpFor(
  commands: readonly Command[],
  words: readonly string[],
): string | undefined {
  const under = commands.filter((command) => isUnder(command, words))
  const exact = under.find((command) => command.path.length === words.length)
  if (exact !== undefined) return commandHelp(exact)
  if (under.length === 0) return undefined
  const shown = under.filter((command) => !command.hidden)
  const rows = shown.map((command): Row => [command.path.join(' '), command.summary])
  return [`Usage: ironraft ${words.join(' ')} VERB [OPTIONS]`, '', ...aligned(rows)].join('\n')
}

function commandHelp(command: Command): string {
  const names = (command.positionals ?? []).map((one) =>
    one.optional ? `[${one.name}]` : one.name,
  )
  if (command.fields === true) names.push('[field=value …]')
  const usage = ['ironraft', ...command.path, ...names, '[OPTIONS]'].join(' ')
  const summary = command.summary.charAt(0).toUpperCase() + command.summary.slice(1)
  const rows = [...command.options.map(optionRow), ['  --help', 'print this'] as const]
  return [`${summary}.`, '', `Usage: ${usage}`, '', ...aligned(rows, '')].join('\n')
}

function optionRow(option: Option): Row {
  const short = option.short === undefined ? '' : `-${option.short}, `
  const value = option.value === undefined ? '' : ` ${option.value}`
  return [`  ${short}--${option.name}${value}`, option.help]
}

type Row = readonly [left: string, right: string]

function aligned(rows: readonly Row[], indent = '  '): string[] {
  const fitting = rows.filter(([, right]) => right !== '').map(([left]) => left.length)
  const width = Math.max(0, ...fitting)
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`.trimEnd())
}
