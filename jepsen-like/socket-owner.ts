// Which of our processes opened a TCP connection: by the port it comes from, through /proc. Everybody dials the one
// address that a node advertises, so the proxy can only tell links apart by who is calling. Linux only; needs
// no rights beyond those over one's own processes. One look serves every connection of a short while: after a
// partition all dial at once, and a look for each would leave the proxies no time to forward anything.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** `127.0.0.1` in /proc/net/tcp, on a little-endian host. */
const LOOPBACK = '0100007F'
/** Connections that come within it are looked up together. */
const GATHER_MS = 30

/** Resolves with the name of the process, or null when none of them has such a socket (any more). */
export type FindOwner = (port: number) => Promise<string | null>

export function makeFindOwner(pids: () => ReadonlyMap<string, number>): FindOwner {
  let waiting: { readonly port: number; readonly resolve: (name: string | null) => void }[] = []
  const look = (): void => {
    const batch = waiting
    waiting = []
    const owners = ownersOfPorts(new Set(batch.map(({ port }) => port)), pids())
    for (const { port, resolve } of batch) resolve(owners.get(port) ?? null)
  }
  return (port) =>
    new Promise((resolve) => {
      if (waiting.length === 0) setTimeout(look, GATHER_MS)
      waiting.push({ port, resolve })
    })
}

/** Of those of `ports` that are local ports on 127.0.0.1 of one of `pids`. */
function ownersOfPorts(
  ports: ReadonlySet<number>,
  pids: ReadonlyMap<string, number>,
): ReadonlyMap<number, string> {
  const portOf = portsByInode(ports)
  const owners = new Map<number, string>()
  for (const [name, pid] of pids) {
    if (owners.size === portOf.size) break
    for (const link of socketsOf(pid)) {
      const port = portOf.get(link)
      if (port !== undefined) owners.set(port, name)
    }
  }
  return owners
}

/** `socket:[inode]` → local port. */
function portsByInode(ports: ReadonlySet<number>): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/)
    const [address, port = ''] = (fields[1] ?? '').split(':')
    const number = Number.parseInt(port, 16)
    // Field 9 is the inode; that of a socket without an owner is 0.
    if (address !== LOOPBACK || !ports.has(number) || fields[9] === '0') continue
    found.set(`socket:[${fields[9]}]`, number)
  }
  return found
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(pid, fd))
  } catch {
    // The process has ended meanwhile.
    return []
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
