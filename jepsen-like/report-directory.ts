// Where a run leaves what it found: histories, faults, logs, the report. Refused before anything is started when
// it cannot be used; a report of before is replaced, anything else is left alone.
import { access, constants, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHistory } from './history.ts'
import { ChaosRefusal } from './selection.ts'
import type { RunResult } from './run.ts'

const VERDICT = 'verdict.json'

/** Throws ChaosRefusal. */
export async function prepareReport(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
    await access(directory, constants.W_OK)
  } catch {
    throw new ChaosRefusal(`${directory} cannot be used as a directory for the report`)
  }
  const names = await readdir(directory)
  if (names.length === 0) return
  if (!names.includes(VERDICT)) {
    throw new ChaosRefusal(`${directory} is not empty and holds no report; nothing was changed`)
  }
  for (const name of names.filter((one) => /\.(?:jsonl?|html|log)$/.test(one))) {
    await rm(join(directory, name))
  }
}

export async function writeReport(
  directory: string,
  result: RunResult,
  more: { readonly seed: number; readonly html: string },
): Promise<void> {
  const { verdict, findings, faults, histories } = result
  for (const [name, events] of histories) {
    await writeFile(join(directory, `history-${name}.jsonl`), formatHistory(events))
  }
  const lines = faults.map((fault) => `${JSON.stringify(fault)}\n`).join('')
  await writeFile(join(directory, 'faults.jsonl'), lines)
  await writeFile(join(directory, 'report.html'), more.html)
  const summary = { verdict, seed: more.seed, findings }
  await writeFile(join(directory, VERDICT), `${JSON.stringify(summary, null, 2)}\n`)
}
