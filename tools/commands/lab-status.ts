// `ironraft lab status`: for people and for scripts, which want a code when something does not run.
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { expectLab } from '../lab/lab-file.ts'
import { formatReport, reportOf } from '../lab/report.ts'

export async function runLabStatus(args: Arguments, io: Io): Promise<number> {
  const lab = await expectLab(resolve(io.cwd, args.text('dir') ?? ''))
  const report = await reportOf(lab)
  io.out(args.flag('json') ? JSON.stringify(report) : formatReport(report))
  const isWhole = report.ready && report.processes.every(({ state }) => state === 'running')
  return isWhole ? EXIT.ok : EXIT.error
}
