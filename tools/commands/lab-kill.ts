// `ironraft lab kill`: SIGKILL, or the plug of a machine pulled.
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { leaderOf } from '../lab/leader.ts'
import { partsOf } from '../lab/parts.ts'
import type { Lab } from '../lab/plan.ts'

export async function runLabKill(args: Arguments, io: Io): Promise<number> {
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  for (const part of partsOf(lab, await withLeader(lab, args.at(0)))) {
    const wasRunning = await part.kill()
    io.out(wasRunning ? `${part.name} is killed.` : `${part.name} did not run.`)
  }
  return EXIT.ok
}

/** `leader` stands for the region that leads now. Throws NOT_FOUND. */
async function withLeader(lab: Lab, names: string): Promise<string> {
  const words = names.split(',')
  if (!words.includes('leader')) return names
  const leader = await leaderOf(lab)
  if (leader === undefined) throw new AppError('NOT_FOUND', 'No region of the lab leads.')
  return words.map((word) => (word === 'leader' ? leader.name : word)).join(',')
}
