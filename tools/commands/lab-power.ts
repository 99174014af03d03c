// `ironraft lab power`: the button of a machine, pressed by hand; regions learn of it from its BMC or its boot.
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { expectMachine } from '../lab/parts.ts'
import { buttonOf } from '../lab/power-button.ts'
import { runCommand } from '../lab/run-command.ts'

export async function runLabPower(args: Arguments, io: Io): Promise<number> {
  const [name, word] = [args.at(0), args.at(1)]
  if (!['on', 'off', 'status'].includes(word)) {
    throw new UsageError(`'${word}' must be on, off or status`)
  }
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  const button = buttonOf(lab, expectMachine(lab, name))
  await runCommand(button, [word])
  const { stdout } = await runCommand(button, ['status'])
  io.out(`${name} is ${stdout.trim()}.`)
  return EXIT.ok
}
