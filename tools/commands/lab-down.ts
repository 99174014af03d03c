// `ironraft lab down`: also of a lab that is half made, or that its host's restart left as files.
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { takeDown, takeDownNamespaces } from '../lab/take-down.ts'

export async function runLabDown(args: Arguments, io: Io): Promise<number> {
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  const isRoot = process.getuid?.() === 0
  const lab = await expectLab(directory).catch(async (error: unknown) => {
    const isDamaged = error instanceof AppError && error.code === 'STORAGE_DAMAGED'
    if (isDamaged && isRoot) {
      await takeDownNamespaces(directory)
      io.error(`What ran of a lab in ${directory} is ended; its files are yours to delete.`)
    }
    throw error
  })
  if (!isRoot) throw new AppError('FORBIDDEN', 'Taking a lab down needs root.')
  await takeDown(lab, io.env)
  io.out(`The lab in ${lab.directory} is gone.`)
  return EXIT.ok
}
