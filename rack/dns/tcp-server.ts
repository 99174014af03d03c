// DNS over TCP (RFC 7766): many questions per connection, answered as they get ready, whatever order that is. What a
// peer may hold is bounded: connections in all and per address, questions under way, time without a whole question,
// octets it does not read.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { Metrics } from '#model/ports.ts'
import { frame } from './exchange.ts'
import { StreamFramer } from './stream-framer.ts'

export type TcpLimits = {
  readonly connections: number
  readonly connectionsPerAddress: number
  /** Without a whole question in it a connection ends (RFC 7766 §6.2.3). */
  readonly idleMs: number
  /** Of one connection; beyond it nothing is read until some are answered. */
  readonly questions: number
  /** Written and not yet taken by the peer. */
  readonly unreadOctets: number
}

const TCP_LIMITS: TcpLimits = Object.freeze({
  connections: 512,
  connectionsPerAddress: 32,
  idleMs: 10_000,
  questions: 64,
  unreadOctets: 1 << 20,
})

/** Longest query that is read, by UDP too; one question and EDNS need far less. */
export const QUERY_OCTETS_MAX = 4_096

/** Undefined: no answer; the connection ends. */
export type AnswerMessage = (
  message: Uint8Array,
  from: Ipv4,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>

export interface TcpServer {
  readonly port: number
  readonly close: () => Promise<void>
}

export async function startTcp(options: {
  readonly host: string
  readonly port: number
  readonly answer: AnswerMessage
  readonly metrics: Metrics
  readonly limits?: TcpLimits
}): Promise<TcpServer> {
  const { host, port, answer, metrics, limits = TCP_LIMITS } = options
  const perAddress = new Map<Ipv4, number>()
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const from = parseIpv4((socket.remoteAddress ?? '').replace(/^::ffff:/, ''))
    const count = from === undefined ? 0 : (perAddress.get(from) ?? 0)
    const isTooMany = sockets.size >= limits.connections || count >= limits.connectionsPerAddress
    if (from === undefined || isTooMany) {
      metrics.count('ironraft_dns_connections_total', { result: 'refused' })
      socket.destroy()
      return
    }
    metrics.count('ironraft_dns_connections_total', { result: 'accepted' })
    sockets.add(socket)
    perAddress.set(from, count + 1)
    socket.on('close', () => {
      sockets.delete(socket)
      const left = (perAddress.get(from) ?? 1) - 1
      if (left === 0) perAddress.delete(from)
      else perAddress.set(from, left)
    })
    serve(socket, { from, answer, limits })
  })
  await listen(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function serve(
  socket: Socket,
  { from, answer, limits }: { from: Ipv4; answer: AnswerMessage; limits: TcpLimits },
): void {
  const framer = new StreamFramer(QUERY_OCTETS_MAX)
  let underWay = 0
  let hasEnded = false
  const idle = setTimeout(() => socket.destroy(), limits.idleMs)
  const settle = (): void => {
    underWay--
    if (underWay < limits.questions) socket.resume()
    // The peer will ask nothing more, and has all answers.
    if (hasEnded && underWay === 0) socket.end()
  }
  const write = (bytes: Uint8Array | undefined): void => {
    if (socket.destroyed) return
    const isTooMuch = socket.writableLength > limits.unreadOctets
    if (bytes === undefined || isTooMuch) socket.destroy()
    else socket.write(frame(bytes))
  }
  const take = async (message: Uint8Array): Promise<void> => {
    underWay++
    idle.refresh()
    if (underWay >= limits.questions) socket.pause()
    try {
      write(await answer(message, from))
    } catch {
      socket.destroy()
    } finally {
      settle()
    }
  }
  socket.on('error', () => socket.destroy())
  socket.on('close', () => clearTimeout(idle))
  socket.on('data', (bytes: Buffer) => {
    for (const message of framer.push(bytes)) void take(message)
    if (framer.isOver) socket.destroy()
  })
  socket.on('end', () => {
    hasEnded = true
    if (underWay === 0) socket.end()
  })
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
