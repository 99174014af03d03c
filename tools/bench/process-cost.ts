// What a process with its children has used so far, from /proc.
import { readdir, readFile } from 'node:fs/promises'

const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, of all threads of `pid` and of its living descendants. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stats = new Map<number, { readonly parent: number; readonly ticks: number }>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    stats.set(Number(name), { parent: Number(fields[1]), ticks })
  }
  const sum = (of: number): number =>
    [...stats]
      .filter(([, { parent }]) => parent === of)
      .reduce((total, [child]) => total + sum(child), stats.get(of)?.ticks ?? 0)
  return sum(pid) / TICKS_PER_SECOND
}
