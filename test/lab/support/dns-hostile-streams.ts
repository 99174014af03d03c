// Connections that a name server may meet by TCP: too many, slow, cut into octets, oversized, garbage, and one that asks
// for ever and reads nothing.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { makeQuery, readMessage } from '../../support/dns-message.ts'

type Target = {
  readonly host: string
  readonly port: number
  /** Of the attacker and of somebody else. */
  readonly clients: readonly [string, string]
}

export type StreamReport = {
  /** Of 100 at once from one address: those that the server kept. */
  readonly kept: number
  /** While they are there, somebody else is answered. */
  readonly othersServed: boolean
  readonly octetByOctetServed: boolean
  /** Each ended by the server. */
  readonly oversizedEnded: boolean
  readonly slowEnded: boolean
  readonly neverEndingEnded: boolean
  /** Octets that the server took from the one that reads nothing. */
  readonly neverEndingMb: number
}

const MANY = 100
const QUERY = framed(makeQuery('www.maas'))
/** Longer than the ten seconds that a connection may be without a whole question. */
const ENDED_MS = 14_000
const ANSWER_MS = 5_000
const FLOOD_OCTETS_MAX = 64 << 20

export async function tryHostileStreams(target: Target): Promise<StreamReport> {
  const slow = slowEnds(target)
  const [many, others] = await tooMany(target)
  const [octets, oversized, never] = await Promise.all([
    octetByOctet(target),
    oversizedEnds(target),
    neverEnding(target),
  ])
  return {
    ...{ kept: many, othersServed: others, octetByOctetServed: octets },
    ...{ oversizedEnded: oversized, slowEnded: await slow },
    ...{ neverEndingEnded: never.ended, neverEndingMb: never.mb },
  }
}

function dial({ host, port }: Target, localAddress: string): Socket {
  const socket = connect({ host, port, localAddress })
  socket.on('error', () => {})
  return socket
}

function framed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}

async function tooMany(target: Target): Promise<readonly [number, boolean]> {
  const sockets = Array.from({ length: MANY }, () => dial(target, target.clients[0]))
  const served = await Promise.all(
    sockets.map(async (socket) => {
      socket.write(QUERY)
      return isAnswered(socket)
    }),
  )
  const other = dial(target, target.clients[1])
  other.write(QUERY)
  const othersServed = await isAnswered(other)
  for (const socket of [...sockets, other]) socket.destroy()
  return [served.filter(Boolean).length, othersServed]
}

async function octetByOctet(target: Target): Promise<boolean> {
  const socket = dial(target, target.clients[1])
  socket.setNoDelay(true)
  const answered = isAnswered(socket)
  for (const octet of QUERY) {
    socket.write(Uint8Array.of(octet))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const isServed = await answered
  socket.destroy()
  return isServed
}

/** 65,535 octets are announced, and some of them come. */
async function oversizedEnds(target: Target): Promise<boolean> {
  const socket = dial(target, target.clients[1])
  socket.write(Buffer.concat([Buffer.from([255, 255]), Buffer.alloc(20_000, 7)]))
  return isEnded(socket)
}

/** An octet now and then of a question that never gets whole. */
async function slowEnds(target: Target): Promise<boolean> {
  const socket = dial(target, target.clients[1])
  socket.write(Buffer.from([4, 0]))
  const timer = setInterval(() => socket.write(Uint8Array.of(1)), 250)
  const ended = await isEnded(socket)
  clearInterval(timer)
  return ended
}

async function neverEnding(target: Target): Promise<{ ended: boolean; mb: number }> {
  const socket = dial(target, target.clients[1])
  socket.pause()
  const burst = Buffer.concat(Array.from({ length: 200 }, () => QUERY))
  const more = async (): Promise<void> => {
    while (!socket.destroyed && socket.bytesWritten < FLOOD_OCTETS_MAX) {
      if (!socket.write(burst)) await once(socket, 'drain').catch(() => {})
    }
  }
  void more()
  const ended = await isEnded(socket)
  return { ended, mb: Math.round(socket.bytesWritten / (1 << 20)) }
}

async function isAnswered(socket: Socket): Promise<boolean> {
  const parts: Buffer[] = []
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ANSWER_MS, false)
    const end = (isServed: boolean): void => {
      clearTimeout(timer)
      resolve(isServed)
    }
    socket.on('close', () => end(false))
    socket.on('data', (bytes) => {
      parts.push(Buffer.from(bytes))
      const all = Buffer.concat(parts)
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return
      end(readMessage(all.subarray(2)).answers[0]?.['address'] === '10.99.0.7')
    })
  })
}

/** By the server: we end nothing before it. */
async function isEnded(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.destroy()
      resolve(false)
    }, ENDED_MS)
    for (const event of ['close', 'end'] as const) {
      socket.once(event, () => {
        clearTimeout(timer)
        socket.destroy()
        resolve(true)
      })
    }
  })
}
