// `UdpSocket` over node:dgram, for hosts where no FFI works. Its limits, all of Node's own: no interface
// (neither bound to nor told), no source address per datagram, no batches, about twice the CPU. A server
// that needs an interface must refuse or say so.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { formatIpv4, parseIpv4 } from '#model/ipv4.ts'
import { SocketError } from './socket-error.ts'
import type { Datagram, SendTo, UdpOptions, UdpSocket } from './udp-socket.ts'

const WAITING_SENDS_MAX = 1024

type Counters = { received: number; sent: number; sendFailures: number; lastSendError: string }

/** Rejects with SocketError; `device` is ignored. */
export async function openDgramUdp(options: UdpOptions): Promise<UdpSocket> {
  const socket = createSocket({
    type: 'udp4',
    reuseAddr: options.reuseAddress === true,
    reusePort: options.reusePort === true,
  })
  await bind(socket, options)
  if (options.broadcast === true) socket.setBroadcast(true)
  if (options.receiveBufferBytes !== undefined) {
    socket.setRecvBufferSize(options.receiveBufferBytes)
  }
  const onError = options.onError ?? (() => {})
  const counters: Counters = { received: 0, sent: 0, sendFailures: 0, lastSendError: '' }
  let handler: (datagram: Datagram) => void = () => {}
  let waiting = 0
  let closing: Promise<void> | undefined

  socket.on('error', onError)
  socket.on('message', (bytes: Buffer, peer: RemoteInfo) => {
    const address = parseIpv4(peer.address)
    if (closing !== undefined || address === undefined) return
    counters.received++
    const at = { interfaceIndex: 0, destination: undefined }
    try {
      handler({ bytes, address, port: peer.port, ...at })
    } catch (error) {
      onError(error)
    }
  })
  const send = (bytes: Uint8Array, to: SendTo): boolean => {
    if (closing !== undefined) return false
    if (waiting >= WAITING_SENDS_MAX) {
      counters.sendFailures++
      counters.lastSendError = 'EAGAIN'
      return false
    }
    waiting++
    // dgram keeps a reference until the kernel took it, so the caller's buffer is copied.
    socket.send(Uint8Array.from(bytes), to.port, formatIpv4(to.address), (error) => {
      waiting--
      if (error === null || error === undefined) counters.sent++
      else {
        counters.sendFailures++
        counters.lastSendError = codeOf(error)
      }
    })
    return true
  }

  return {
    kind: 'dgram',
    port: socket.address().port,
    onDatagram: (fn) => {
      handler = fn
    },
    send,
    flush: () => {},
    sendSegments: (to, buffers, segmentBytes) => {
      const all = Buffer.concat(buffers)
      let some = false
      for (let at = 0; at < all.length || at === 0; at += segmentBytes) {
        some = send(all.subarray(at, at + segmentBytes), to) || some
      }
      return some
    },
    counters: () => ({ ...counters, truncated: 0 }),
    unref: () => void socket.unref(),
    close: () => {
      closing ??= new Promise((resolve) => socket.close(() => resolve()))
      return closing
    },
  }
}

function bind(socket: Socket, options: UdpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onFailure = (error: Error & { errno?: number }): void => {
      socket.close()
      reject(new SocketError('bind', Math.abs(error.errno ?? 0)))
    }
    socket.once('error', onFailure)
    socket.bind({ address: formatIpv4(options.address), port: options.port }, () => {
      socket.removeListener('error', onFailure)
      resolve()
    })
  })
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'EIO'
}
