// A power button (`tools/lab/power-button.ts`) without a machine behind it: what it was pressed for is a line each in
// `log`: `boot pxe`, `on`, `off`.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The program, in `directory`. */
export async function makeLoggingButton(directory: string, log: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  const button = join(directory, 'button')
  await writeFile(
    button,
    `#!/bin/sh
cd '${directory}' || exit 1
case "$1" in
  status) [ -e on ] && echo on || echo off ;;
  on) [ -e on ] || { echo "boot $2"; echo on; } >>'${log}'; : >on ;;
  off) [ -e on ] && echo off >>'${log}'; rm -f on ;;
esac
`,
  )
  await chmod(button, 0o755)
  return button
}
