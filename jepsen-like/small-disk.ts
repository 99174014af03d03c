// A disk that can be filled without filling the host's: a memory file system of limited size over the directory of
// a node. Needs root; unmounted when this process ends, however it ends.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, renameSync, rmSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The alarm ends above 416 MiB (`diskLowBytes`, `diskReserveBytes`); a node's files fit in beside. Used as needed. */
const SIZE_MIB = 640

const mounted = new Set<string>()
process.on('exit', unmountAll)

/** Why it cannot be used here; null when it can. Tries, because a container's root may not mount. */
export async function missingForMounts(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root'
  const directory = mkdtempSync(join(tmpdir(), 'ironraft-mount-'))
  const failure = mount(directory)
  unmount(directory)
  rmSync(directory, { recursive: true })
  return failure === null ? null : `needs the right to mount (${failure})`
}

/** Moves what is in `directory` to a small disk mounted there. Throws when it cannot be mounted. */
export function moveToSmallDisk(directory: string): void {
  const before = `${directory}.before`
  renameSync(directory, before)
  mkdirSync(directory, { mode: 0o700 })
  const failure = mount(directory)
  if (failure !== null) throw new Error(`${directory} cannot be mounted: ${failure}`)
  cpSync(before, directory, { recursive: true, preserveTimestamps: true })
  rmSync(before, { recursive: true })
}

export function unmountAll(): void {
  for (const directory of [...mounted]) unmount(directory)
}

function mount(directory: string): string | null {
  const options = `size=${SIZE_MIB}m,mode=0700`
  const { status, stderr } = spawnSync(
    'mount',
    ['-t', 'tmpfs', '-o', options, 'tmpfs', directory],
    { encoding: 'utf8' },
  )
  if (status !== 0) return stderr?.trim() || 'mount failed'
  mounted.add(directory)
  return null
}

/** Does nothing where no small disk is. What was on it is gone. */
export function unmount(directory: string): void {
  if (mounted.delete(directory)) spawnSync('umount', ['-l', directory])
}
