// `ironraft lab kill`: SIGKILL, or the plug of a machine pulled.
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { partsOf } from '../lab/parts.ts'

export async function runLabKill(args: Arguments, io: Io): Promise<number> {
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  for (const part of partsOf(lab, args.at(0))) {
    const wasRunning = await part.kill()
    io.out(wasRunning ? `${part.name} is killed.` : `${part.name} did not run.`)
  }
  return EXIT.ok
}
