// One outgoing connection to a region: TCP, TLS, certificate, greeting. Whoever holds the result owns it.
import { connect, type TLSSocket } from 'node:tls'
import { AppError } from '#model/errors.ts'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { greet } from '#protocol/greeting.ts'
import type { Purpose, Welcome } from '#protocol/hello.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import type { HostPort } from '#protocol/token.ts'
import type { TransportContext } from './context.ts'
import { clientTls, judgePeer } from './tls.ts'

export type DialOptions = {
  readonly peer: string
  readonly address: HostPort
  readonly purpose: Purpose
  /** Ends the attempt. */
  readonly signal: AbortSignal
  /** Set `onFrame` here: the next frame may be in the same chunk as the welcome. */
  readonly onWelcome: (connection: FramedConnection, welcome: Welcome) => void
}

/**
 * Rejects with TIMEOUT, CLUSTER_MISMATCH, CERTIFICATE_INVALID or PROTOCOL, or with the socket's own error
 * (`code: 'ECONNREFUSED'` when nobody listens).
 */
export async function dial(
  context: TransportContext,
  options: DialOptions,
): Promise<FramedConnection> {
  const { limits, credentials } = context
  const socket = connect({ ...options.address, ...clientTls(credentials) })
  socket.setNoDelay(true)
  const end = (why: string) => () => socket.destroy(new AppError('TIMEOUT', why))
  const tcpTimer = setTimeout(end('The peer did not answer.'), limits.connectTimeoutMs)
  const timer = setTimeout(end('The handshake took too long.'), limits.handshakeTimeoutMs)
  const onAbort = end('The transport closes.')
  socket.once('connect', () => clearTimeout(tcpTimer))
  options.signal.addEventListener('abort', onAbort)
  if (options.signal.aborted) onAbort()
  try {
    await secured(socket)
    return await introduce(context, options, socket)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(tcpTimer)
    clearTimeout(timer)
    options.signal.removeEventListener('abort', onAbort)
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for the life of the socket: an error without a listener would end the process.
    socket.on('error', reject)
    socket.once('secureConnect', resolve)
    socket.once('close', () => reject(new AppError('PROTOCOL', 'The peer closed the handshake.')))
  })
}

async function introduce(
  context: TransportContext,
  options: DialOptions,
  socket: TLSSocket,
): Promise<FramedConnection> {
  const { credentials, incarnations, limits } = context
  const judgement = judgePeer(socket, credentials.clusterId)
  if (!judgement.ok) throw new AppError(judgement.code, judgement.message)
  const { identity } = judgement
  if (identity.kind !== 'region' || identity.id !== options.peer) {
    const found = `${identity.kind}:${identity.id}`
    throw new AppError('CERTIFICATE_INVALID', `At the address of ${options.peer} is ${found}.`)
  }
  const connection = new FramedConnection(socket, {
    frameBytesMax: FRAME_LIMITS.peerBytesMax,
    queueBytesMax: limits.peerQueueBytesMax,
    queueMessagesMax: limits.peerQueueMessagesMax,
  })
  await greet(connection, {
    credentials,
    kind: 'region',
    purpose: options.purpose,
    identity,
    incarnationSeen: incarnations.of(identity.id),
    onWelcome: (welcome) => {
      incarnations.see(welcome.nodeId, welcome.incarnation)
      options.onWelcome(connection, welcome)
    },
  })
  return connection
}
