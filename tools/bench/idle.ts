// P14: what an idle process costs: resident memory and CPU of a pid over some seconds, from /proc.
import { readFile } from 'node:fs/promises'

export type Idle = { readonly residentMb: number; readonly cpuPercent: number }

const TICKS_PER_SECOND = 100

export async function idleOf(pid: number, seconds: number): Promise<Idle> {
  const before = await cpuTicks(pid)
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const took = (performance.now() - began) / 1_000
  const ticks = (await cpuTicks(pid)) - before
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const residentKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  return {
    residentMb: Math.round(residentKb / 102.4) / 10,
    cpuPercent: Math.round((ticks / TICKS_PER_SECOND / took) * 1_000) / 10,
  }
}

async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Fields 14 and 15 (utime, stime), counted behind the command's closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
