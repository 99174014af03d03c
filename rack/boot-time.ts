// The clock that offline rights are counted by (lease-protocol §1): CLOCK_BOOTTIME, which also counts while
// the host is suspended, and the boot it belongs to. A clock that had stopped all the same (a paused virtual
// machine) shows against the wall clock, unless that was stopped too: hence no rights under a hypervisor.
import { readFile } from 'node:fs/promises'

export interface BootTime {
  /** Ms since boot, suspension included. */
  readonly bootMs: () => number
  /** Unix ms; compared with nothing but itself. */
  readonly wallMs: () => number
}

/** ε of the protocol, and what an NTP client may step in one go. */
const DRIFT = 0.1
const STEP_MS = 2_000

export class BootClockWatch {
  readonly #time: BootTime
  #bootMs: number
  #wallMs: number
  /** Grows each time the clock was found wrong. */
  era = 0

  constructor(time: BootTime) {
    this.#time = time
    this.#bootMs = time.bootMs()
    this.#wallMs = time.wallMs()
  }

  /** Call before each use of the clock: `isSound` false once after each disagreement. */
  read(): { readonly nowMs: number; readonly isSound: boolean } {
    const nowMs = this.#time.bootMs()
    const wallMs = this.#time.wallMs()
    const isSound = agree(nowMs - this.#bootMs, wallMs - this.#wallMs)
    this.#bootMs = nowMs
    this.#wallMs = wallMs
    if (!isSound) this.era++
    return { nowMs, isSound }
  }

  /** Whether the time since `then`, written by an earlier process of this boot, is believable. */
  agreesWith(then: { readonly sentAtMs: number; readonly sentAtWallMs: number }): boolean {
    return agree(this.#bootMs - then.sentAtMs, this.#wallMs - then.sentAtWallMs)
  }
}

function agree(bootMs: number, wallMs: number): boolean {
  return bootMs >= 0 && Math.abs(wallMs - bootMs) <= STEP_MS + Math.abs(wallMs) * DRIFT
}

/** Undefined where the kernel does not tell: then there are no offline rights. */
export async function readBootId(): Promise<string | undefined> {
  try {
    const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    return text.trim() === '' ? undefined : text.trim()
  } catch {
    return undefined
  }
}

/** A hypervisor may stop every clock of its guests at once (A3). */
export async function isVirtualMachine(): Promise<boolean> {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(await readFile('/proc/cpuinfo', 'utf8'))
  } catch {
    return true
  }
}
