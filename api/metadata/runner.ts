// The script that machines run in an environment of ours: POSIX sh in parts (`runner/*.sh`), put together for one machine
// and one boot. It needs a shell, an awk, tar, and one of curl, wget and python3.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type RunnerMode = 'scripts' | 'erase' | 'rescue' | 'enlist'

const PARTS: Readonly<Record<RunnerMode, readonly string[]>> = {
  scripts: ['ask.sh', 'say.sh', 'scripts.sh', 'run-scripts.sh'],
  erase: ['ask.sh', 'say.sh', 'erase.sh', 'run-erase.sh'],
  rescue: ['ask.sh', 'say.sh', 'run-rescue.sh'],
  enlist: ['ask.sh', 'say.sh', 'scripts.sh', 'enlist.sh', 'run-enlist.sh'],
}

/** `variables` are set before anything else: `NAME='value'`. The files are read when they are asked for. */
export async function runnerScript(
  mode: RunnerMode,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const read = (name: string) => readFile(join(import.meta.dirname, 'runner', name), 'utf8')
  const parts = await Promise.all(PARTS[mode].map(read))
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`)
  return ['#!/bin/sh', ...assignments, ...parts].join('\n')
}

/** As one word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
