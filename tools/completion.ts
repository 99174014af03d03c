// Completion scripts for three shells, generated from the command table: nouns, then verbs, then options.
import { UsageError } from './exit-codes.ts'
import type { Arguments, Command, Io } from './command-line.ts'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript }

export async function runCompletion(
  commands: readonly Command[],
  args: Arguments,
  io: Io,
): Promise<number> {
  io.out(completionScript(commands, args.at(0)))
  return 0
}

export function completionScript(commands: readonly Command[], shell: string): string {
  const make = Object.entries(SHELLS).find(([name]) => name === shell)?.[1]
  if (make === undefined) throw new UsageError('SHELL must be bash, zsh or fish')
  return make(wordsByPrefix(commands.filter((command) => !command.hidden)))
}

/** What may follow each typed prefix: `''` → nouns, `region` → verbs, `region stop` → options. */
function wordsByPrefix(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, string[]>()
  const add = (prefix: string, word: string) => {
    const known = words.get(prefix) ?? []
    if (!known.includes(word)) words.set(prefix, [...known, word])
  }
  for (const { path, options } of commands) {
    path.forEach((word, at) => add(path.slice(0, at).join(' '), word))
    for (const option of options) add(path.join(' '), `--${option.name}`)
    add(path.join(' '), '--help')
  }
  return words
}

function cases(words: ReadonlyMap<string, readonly string[]>): string {
  return [...words]
    .map(([prefix, next]) => `    '${prefix}') words='${next.join(' ')}' ;;`)
    .join('\n')
}

function bashScript(words: ReadonlyMap<string, readonly string[]>): string {
  return `_ironraft() {
  local words prefix="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  prefix="\${prefix%% -*}"
  case "$prefix" in
${cases(words)}
    *) words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ironraft ironraft`
}

function zshScript(words: ReadonlyMap<string, readonly string[]>): string {
  return `#compdef ironraft
_ironraft() {
  local words_typed="\${words[*]:1:$((CURRENT-2))}"
  local prefix="\${words_typed%% -*}"
  local words
  case "$prefix" in
${cases(words)}
    *) words='' ;;
  esac
  compadd -- \${=words}
}
compdef _ironraft ironraft`
}

function fishScript(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].map(([prefix, next]) => {
    const condition = `test (__ironraft_prefix) = '${prefix}'`
    return `complete -c ironraft -f -n "${condition}" -a '${next.join(' ')}'`
  })
  return `function __ironraft_prefix
  set -l typed (commandline -opc)[2..-1]
  echo (string replace -r ' -.*' '' -- "$typed")
end
${lines.join('\n')}`
}
