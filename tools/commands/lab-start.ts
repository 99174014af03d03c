// `ironraft lab start`: what was killed runs again, with the data it had.
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { partsOf } from '../lab/parts.ts'

export async function runLabStart(args: Arguments, io: Io): Promise<number> {
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  for (const part of partsOf(lab, args.at(0))) {
    const isNew = await part.start()
    io.out(isNew ? `${part.name} is started.` : `${part.name} runs already.`)
  }
  return EXIT.ok
}
