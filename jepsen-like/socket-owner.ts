// Which of our processes opened a TCP connection: by the port it comes from, through /proc. Everybody dials the one
// address that a node advertises, so the proxy can only tell links apart by who is calling. Linux only; needs
// no rights beyond those over one's own processes.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** `127.0.0.1` in /proc/net/tcp, on a little-endian host. */
const LOOPBACK = '0100007F'

/** Name of the process among `pids` whose socket has this local port on 127.0.0.1; null when none has. */
export function ownerOfPort(port: number, pids: ReadonlyMap<string, number>): string | null {
  const inode = inodeOf(port)
  if (inode === null) return null
  for (const [name, pid] of pids) if (holds(pid, inode)) return name
  return null
}

function inodeOf(port: number): string | null {
  const local = `${LOOPBACK}:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/)
    // Field 9 is the inode; that of a socket without an owner is 0.
    if (fields[1] === local && fields[9] !== undefined && fields[9] !== '0') return fields[9]
  }
  return null
}

function holds(pid: number, inode: string): boolean {
  const wanted = `socket:[${inode}]`
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(pid, fd) === wanted)
  } catch {
    // The process has ended meanwhile.
    return false
  }
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    // Closed since it was listed.
    return ''
  }
}
