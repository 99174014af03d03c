// One question to one server, by UDP from a port of its own that the kernel draws (RFC 5452), by TCP when the answer
// is cut off.
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { readAnswer, type Upstream, type UpstreamAnswer } from './upstream-message.ts'
import { StreamFramer } from './stream-framer.ts'

export type Server = { readonly host: string; readonly port: number }

/** Undefined when no answer that fits came in time. */
export async function exchange(
  asked: Upstream,
  server: Server,
  timeoutMs: number,
): Promise<UpstreamAnswer | undefined> {
  const answer = await byUdp(asked, server, timeoutMs)
  return answer?.truncated === true ? byTcp(asked, server, timeoutMs) : answer
}

function byUdp(asked: Upstream, { host, port }: Server, timeoutMs: number) {
  return new Promise<UpstreamAnswer | undefined>((resolve) => {
    const socket = createSocket('udp4')
    let isOver = false
    const end = (answer?: UpstreamAnswer): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(end, timeoutMs)
    socket.on('error', () => end())
    socket.on('message', (bytes) => {
      // Something else may come first, from whoever guesses: the right one may still be on its way.
      const answer = readAnswer(bytes, asked)
      if (answer !== undefined) end(answer)
    })
    // Connected, so that only this server's datagrams arrive.
    socket.connect(port, host, () => {
      if (!isOver) socket.send(asked.bytes)
    })
  })
}

function byTcp(asked: Upstream, { host, port }: Server, timeoutMs: number) {
  return new Promise<UpstreamAnswer | undefined>((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const framer = new StreamFramer()
    const end = (answer?: UpstreamAnswer): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, timeoutMs)
    socket.on('error', () => end())
    socket.on('close', () => end())
    socket.on('connect', () => socket.write(frame(asked.bytes)))
    socket.on('data', (bytes: Buffer) => {
      for (const message of framer.push(bytes)) end(readAnswer(message, asked))
    })
  })
}

/** With its length before it (RFC 1035 §4.2.2), in one piece (RFC 7766 §8). */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(message.length + 2)
  framed[0] = message.length >> 8
  framed[1] = message.length & 255
  framed.set(message, 2)
  return framed
}
