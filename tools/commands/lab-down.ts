// `ironraft lab down`: also of a lab that is half made, or that its host's restart left as files.
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { takeDown } from '../lab/take-down.ts'

export async function runLabDown(args: Arguments, io: Io): Promise<number> {
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  if (process.getuid?.() !== 0) throw new AppError('FORBIDDEN', 'Taking a lab down needs root.')
  await takeDown(lab, io.env)
  io.out(`The lab in ${lab.directory} is gone.`)
  return EXIT.ok
}
