// The HTTP client of the installer's script in a directory of its own, with the places that it asks.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { HTTP_PROGRAM } from '#api/installer/http-program.ts'
import { runShell, type ShellResult } from './shell-run.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export type RegionClient = {
  readonly directory: string
  readonly run: (line: string, env?: Readonly<Record<string, string>>) => Promise<ShellResult>
  /** Bases, first the one that is asked first. */
  readonly order: () => Promise<readonly string[]>
}

/** Base and image are both at the URL; nobody is waited for longer than a second. */
export async function regionClient(t: Test, urls: readonly string[]): Promise<RegionClient> {
  const directory = await temporaryDirectory(t)
  const quick = HTTP_PROGRAM.replace('\nTIMEOUT = 30', '\nTIMEOUT = 1')
  await writeFile(join(directory, 'region_client.py'), quick)
  const places = join(directory, 'places')
  await writeFile(places, urls.map((url) => `${url} ${url}/image\n`).join(''))
  return {
    directory,
    run: (line, env = {}) =>
      runShell(`python3 region_client.py ${line}`, { cwd: directory, env: { OAUTH: '', ...env } }),
    order: async () => {
      const lines = (await readFile(places, 'utf8')).trim().split('\n')
      return lines.map((line) => line.split(' ')[0] ?? '')
    },
  }
}
