// The rack's end of the link to one region: mutual TLS 1.3, hello as a rack, then frames of messages.
// Which region, and when to move to another, decides `region-link.ts`; this file only connects.
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { AppError } from '#model/errors.ts'
import { withTls } from '#platform/tls-client.ts'
import type { Credentials } from '#protocol/enroll.ts'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { greet } from '#protocol/greeting.ts'
import { authorizationErrorOf, judgeCertificate } from '#protocol/identity.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'
import { decodeRegionToRack, encodeRackMessage } from '#protocol/rack-codec.ts'

/** Waiting towards the region; more means it does not read, and the link is about to be given up. */
const QUEUE_BYTES_MAX = 8 << 20
const QUEUE_MESSAGES_MAX = 8192

export type RegionConnection = {
  readonly regionId: string
  /** False when dropped: closed, or the queue is full. */
  readonly send: (message: RackToRegion) => boolean
  readonly close: () => void
}

export type ConnectOptions = {
  readonly credentials: Credentials
  readonly host: string
  readonly port: number
  /** For TCP, TLS and greeting together. */
  readonly timeoutMs: number
  readonly onMessage: (message: RegionToRack) => void
  /** Once, for a connection that was given out; null for an orderly end. */
  readonly onClose: (error: Error | null) => void
}

/**
 * Rejects with TIMEOUT, CLUSTER_MISMATCH, CERTIFICATE_INVALID or PROTOCOL, or with the socket's own error
 * (`code: 'ECONNREFUSED'` when nobody listens). Messages may arrive before it resolves.
 */
export async function connectRegion(options: ConnectOptions): Promise<RegionConnection> {
  const { credentials } = options
  const tls: ConnectionOptions = {
    host: options.host,
    port: options.port,
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    ca: credentials.caPem,
  }
  return withTls(tls, options.timeoutMs, (socket) => introduce(options, socket))
}

async function introduce(options: ConnectOptions, socket: TLSSocket): Promise<RegionConnection> {
  const { credentials } = options
  const judgement = judgeCertificate({
    certificate: socket.getPeerX509Certificate(),
    authorizationError: authorizationErrorOf(socket),
    clusterId: credentials.clusterId,
  })
  if (!judgement.ok) throw new AppError(judgement.code, judgement.message)
  if (judgement.identity.kind !== 'region') {
    throw new AppError('CERTIFICATE_INVALID', 'The other end is not a region.')
  }
  const connection = new FramedConnection(socket, {
    frameBytesMax: FRAME_LIMITS.viewBytesMax,
    queueBytesMax: QUEUE_BYTES_MAX,
    queueMessagesMax: QUEUE_MESSAGES_MAX,
  })
  await greet(connection, {
    credentials,
    kind: 'rack',
    purpose: 'rack',
    identity: judgement.identity,
    incarnationSeen: 0,
    onWelcome: () => receive(connection, options),
  })
  return {
    regionId: judgement.identity.id,
    send: (message) => {
      const bytes = encodeRackMessage(message)
      return bytes.length <= FRAME_LIMITS.rackBytesMax && connection.send(bytes)
    },
    close: () => connection.close(),
  }
}

function receive(connection: FramedConnection, options: ConnectOptions): void {
  connection.onFrame = (body) => {
    const messages = connection.decode(decodeRegionToRack, body)
    for (const message of messages ?? []) options.onMessage(message)
  }
  connection.onClose = options.onClose
}
