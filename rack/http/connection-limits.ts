// How many connections a server keeps, and of one client: nobody else's boot waits for somebody who opens thousands.
import type { Server } from 'node:http'

const CONNECTIONS_MAX = 4_096
/** A boot needs a handful at a time. */
const PER_ADDRESS_MAX = 256
/** On which nothing came or went; a region may take 30 s for its answer. */
const IDLE_MS = 120_000

export function limitConnections(server: Server, idleMs = IDLE_MS): void {
  server.maxConnections = CONNECTIONS_MAX
  server.timeout = idleMs
  const counts = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (counts.get(address) ?? 0) + 1
    if (count > PER_ADDRESS_MAX) {
      socket.destroy()
      return
    }
    counts.set(address, count)
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1
      if (left === 0) counts.delete(address)
      else counts.set(address, left)
    })
  })
}
