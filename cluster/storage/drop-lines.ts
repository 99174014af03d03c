// LevelDB tells only its text file LOG what recovery threw away. Our scan decided that beforehand, so a line
// about anything but the torn file it accepted means that the two disagree.
import { basename } from 'node:path'

/** The first such line; null when there is none. */
export function findDrop(logText: string, tornFile: string | null): string | null {
  for (const line of logText.split('\n')) {
    if (!/dropping \d+ bytes|ignoring error|Corruption/i.test(line)) continue
    if (tornFile === null || !line.includes(basename(tornFile))) return line
  }
  return null
}
