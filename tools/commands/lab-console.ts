// `ironraft lab console`: the serial console of a machine. What it prints is shown as it is but for control sequences,
// which a terminal would obey.
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { followFile, lastLines } from '../lab/follow.ts'
import { expectLab } from '../lab/lab-file.ts'
import { expectMachine } from '../lab/parts.ts'
import { consoleOf } from '../lab/power-button.ts'

export async function runLabConsole(args: Arguments, io: Io): Promise<number> {
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  const path = consoleOf(lab, expectMachine(lab, args.at(0)))
  const [text, from] = await lastLines(path, args.number('lines') ?? 1)
  io.out(plain(text).trimEnd())
  if (args.flag('follow')) {
    const stopped = io.stopped()
    await followFile({ path, from, stopped, write: (more) => io.out(plain(more).trimEnd()) })
  }
  return EXIT.ok
}

/** Colours, cursor movements (ECMA-48) and other control characters but tab and line feed. */
export function plain(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- control sequences are what is looked for
      .replaceAll(/\u001b\[[0-9;?=]*[ -/]*[@-~]|\u001b[@-Z\\-_a-z]/g, '')
      // oxlint-disable-next-line no-control-regex -- likewise
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  )
}
