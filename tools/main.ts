// The one executable. Finds the command, checks its arguments, loads its code, and turns whatever happens into
// an exit code and at most one line on standard error.
import { findCommand, isUnder, parseArguments, type Command, type Io } from './command-line.ts'
import { COMMANDS } from './command-table.ts'
import { EXIT, UsageError, errorLine, exitCodeOf } from './exit-codes.ts'
import { helpFor, overview } from './help.ts'

/** Returns the exit code; never throws. */
export async function main(words: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(words, io)
  } catch (error) {
    const hint = error instanceof UsageError ? '; try `ironraft --help`' : ''
    io.error(`ironraft: ${errorLine(error)}${hint}`)
    return exitCodeOf(error)
  }
}

async function dispatch(words: readonly string[], io: Io): Promise<number> {
  const plain = words.filter((word) => !word.startsWith('-'))
  const command = findCommand(COMMANDS, words)
  if (asksForHelp(words)) return help(command, plain, io)
  if (words[0] === '--version' || words[0] === 'version') return version(io)
  if (words.length === 0) {
    io.error(overview(COMMANDS))
    return EXIT.usage
  }
  if (command === undefined) throw new UsageError(unknownCommand(words))
  const args = parseArguments(command, words.slice(command.path.length))
  const run = await command.load()
  return run(args, io)
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  const before = end === -1 ? words : words.slice(0, end)
  return before.includes('--help') || before.includes('-h') || words[0] === 'help'
}

function help(command: Command | undefined, plain: readonly string[], io: Io): number {
  const words = command?.path ?? (plain[0] === 'help' ? plain.slice(1) : plain)
  const text = words.length === 0 ? overview(COMMANDS) : helpFor(COMMANDS, words)
  if (text === undefined) throw new UsageError(unknownCommand(words))
  io.out(text)
  return EXIT.ok
}

async function version(io: Io): Promise<number> {
  const { productVersion } = await import('./version.ts')
  io.out(await productVersion())
  return EXIT.ok
}

function unknownCommand(words: readonly string[]): string {
  const [noun = ''] = words
  const verbs = COMMANDS.filter((one) => isUnder(one, [noun]) && !one.hidden).map(
    (one) => one.path[1],
  )
  if (verbs.length === 0) return `unknown command '${noun}'`
  return `'${noun}' needs one of: ${verbs.join(', ')}`
}

/** Runs as a process of its own. */
export async function runProcess(): Promise<void> {
  // A reader that went away (`| head`) is no error of ours.
  process.stdout.on('error', () => process.exit(EXIT.ok))
  const io: Io = {
    out: (text) => void process.stdout.write(`${text}\n`),
    error: (text) => void process.stderr.write(`${text}\n`),
    env: process.env,
    cwd: process.cwd(),
    stopped: stopSignal(),
  }
  const code = await main(process.argv.slice(2), io)
  process.stdout.write('', () => process.exit(code))
}

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_STROKE_MS = 500

/**
 * Signals are taken over by the first command that asks; until then they end the process as usual. A second
 * signal always does.
 */
function stopSignal(): () => AbortSignal {
  let controller: AbortController | undefined
  return () => {
    if (controller !== undefined) return controller.signal
    const made = new AbortController()
    let firstMs = 0
    controller = made
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!made.signal.aborted) firstMs = performance.now()
        else if (performance.now() - firstMs > SAME_STROKE_MS) process.exit(130)
        made.abort(signal)
      })
    }
    return made.signal
  }
}

if (import.meta.main) await runProcess()
