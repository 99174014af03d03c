// A system call that failed, by the kernel's own name of the reason.
import { constants } from 'node:os'

/** Number → name (`1` → `EPERM`), from this host's own table. */
const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

export class SocketError extends Error {
  /** `EPERM`, `EADDRINUSE`, `ENODEV` …; `E<number>` when the host has no name for it. */
  readonly code: string
  readonly syscall: string

  constructor(syscall: string, errno: number) {
    const code = NAMES.get(errno) ?? `E${errno}`
    super(`${syscall} failed: ${code}`)
    this.name = 'SocketError'
    this.code = code
    this.syscall = syscall
  }
}

export const EAGAIN = constants.errno.EAGAIN
export const EINTR = constants.errno.EINTR
