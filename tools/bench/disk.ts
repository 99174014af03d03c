// The disk's own figure beside every result: median of a 256-byte append with fdatasync.
import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export function fdatasyncP50Ms(directory: string, writes = 300): number {
  const path = join(directory, `fdatasync-${process.pid}.probe`)
  const file = openSync(path, 'w')
  const bytes = Buffer.alloc(256, 1)
  const times: number[] = []
  for (let i = 0; i < writes; i++) {
    const began = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    times.push(performance.now() - began)
  }
  closeSync(file)
  unlinkSync(path)
  times.sort((a, b) => a - b)
  return Math.round((times[Math.floor(times.length / 2)] ?? 0) * 1_000) / 1_000
}
