// What a piece of sh would do: every command it calls, function or program, is replaced by one that writes down its
// words. `canary` is there too, so a value that breaks out of its quotes and calls it is seen.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const RECORDER = `#!/bin/sh
printf '%s\\0' "$#" "\${0##*/}" "$@" >>"$RECORD"
`

/** Words of each call in order; `names` are the commands that `script` may call. */
export function recordedCommands(
  script: string,
  names: readonly string[],
): readonly (readonly string[])[] {
  const directory = mkdtempSync(join(tmpdir(), 'ironraft-recorded-'))
  try {
    const bin = join(directory, 'bin')
    const record = join(directory, 'record')
    mkdirSync(bin)
    writeFileSync(record, '')
    for (const name of new Set([...names, 'canary'])) {
      writeFileSync(join(bin, name), RECORDER)
      chmodSync(join(bin, name), 0o755)
    }
    const file = join(directory, 'script')
    writeFileSync(file, script)
    execFileSync('/bin/sh', ['-eu', file], {
      cwd: directory,
      env: { PATH: bin, RECORD: record },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return parse(readFileSync(record, 'utf8'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Each call is its number of arguments, its name, its arguments. */
function parse(record: string): readonly (readonly string[])[] {
  const words = record.split('\0').slice(0, -1)
  const calls: (readonly string[])[] = []
  for (let at = 0; at < words.length; ) {
    const end = at + 2 + Number(words[at])
    calls.push(words.slice(at + 1, end))
    at = end
  }
  return calls
}
