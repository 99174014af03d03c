// How the `clock` nemesis speaks to the preload in a process: one small file a node.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Environment variable with the path of a process's file. */
export const CLOCK_FILE = 'IRONRAFT_CHAOS_CLOCK'

export type ClockSkew = {
  /** Added to the wall clock, ms; may be negative. */
  readonly wallMs: number
  /** Speed of the monotonic clock; above 0. The product's leases assume 0.9 to 1.1 (A2 of the protocol). */
  readonly rate: number
}

export const NO_SKEW: ClockSkew = { wallMs: 0, rate: 1 }

export function writeSkew(directory: string, node: string, skew: ClockSkew): void {
  writeFileSync(clockFile(directory, node), JSON.stringify(skew))
}

export function clockFile(directory: string, node: string): string {
  return join(directory, `${node}.json`)
}
