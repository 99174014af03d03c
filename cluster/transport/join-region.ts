// The joining node's side: shows a region its token's secret and gets a certificate for its own key, the
// CA, and who the others are. The region is checked first, by the CA's fingerprint in the token: the
// secret is shown to nobody else.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'
import { AppError } from '#model/errors.ts'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { decodeGreeting, encodeGreeting } from '#protocol/hello.ts'
import { judgeByFingerprint, parseIdentity } from '#protocol/identity.ts'
import type { JoinReply, JoinRequest } from '#protocol/join.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import type { HostPort } from '#protocol/token.ts'

export type AskToJoinOptions = {
  readonly region: HostPort
  /** Hex SHA-256 of the cluster's CA, from the token. */
  readonly caFingerprint: string
  readonly request: JoinRequest
  /** The key that the request was made with. */
  readonly keyPem: string
  /** Unix ms, for the validity of the region's certificate. */
  readonly wallMs: number
  readonly timeoutMs: number
}

export type Welcomed = Extract<JoinReply, { ok: true }>

/**
 * Rejects with CERTIFICATE_INVALID (not the cluster of the token; the secret was not sent), FORBIDDEN (the
 * token is not good, or the node may not join), OVERLOADED, NO_QUORUM (ask again), TIMEOUT or PROTOCOL, or
 * with the socket's own error.
 */
export async function askToJoin(options: AskToJoinOptions): Promise<Welcomed> {
  const socket = connect({
    ...options.region,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  })
  const late = new AppError('TIMEOUT', 'The region did not answer in time.')
  const timer = setTimeout(() => socket.destroy(late), options.timeoutMs)
  try {
    await secured(socket)
    const ca = verifyRegion(socket, options)
    const reply = await ask(socket, options.request)
    if (!reply.ok) throw new AppError(reply.retry ? 'NO_QUORUM' : 'FORBIDDEN', reply.message)
    checkReply(reply, ca, options)
    return reply
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for the life of the socket: an error without a listener would end the process.
    socket.on('error', reject)
    socket.once('secureConnect', resolve)
    socket.once('close', () => reject(new AppError('PROTOCOL', 'The region closed the link.')))
  })
}

/** The CA that vouches for the other end. Throws CERTIFICATE_INVALID. */
function verifyRegion(socket: TLSSocket, options: AskToJoinOptions): X509Certificate {
  const shown = socket.getPeerCertificate(true)
  const issuer = shown.issuerCertificate as { readonly raw?: Buffer } | undefined
  if (shown.raw === undefined || issuer?.raw === undefined) {
    throw new AppError('CERTIFICATE_INVALID', 'The region shows no certificate of its CA.')
  }
  const ca = new X509Certificate(issuer.raw)
  const { caFingerprint, wallMs } = options
  const region = new X509Certificate(shown.raw)
  const fault = judgeByFingerprint({ region, ca, caFingerprint, wallMs })
  if (fault !== null) throw new AppError('CERTIFICATE_INVALID', fault)
  return ca
}

function ask(socket: TLSSocket, request: JoinRequest): Promise<JoinReply> {
  const connection = new FramedConnection(socket, {
    frameBytesMax: FRAME_LIMITS.strangerBytesMax,
    queueBytesMax: FRAME_LIMITS.strangerBytesMax,
    queueMessagesMax: 1,
  })
  return new Promise((resolve, reject) => {
    connection.onClose = (error) => {
      reject(error ?? new AppError('PROTOCOL', 'The region closed the link.'))
    }
    connection.onFrame = (body) => {
      const answer = connection.decode(decodeGreeting, body)
      if (answer?.type === 'joined') resolve(answer.reply)
      else if (answer?.type === 'refused') reject(new AppError(answer.code, answer.message))
      else if (answer !== null) reject(new AppError('PROTOCOL', 'The region answered out of turn.'))
    }
    connection.sendFrame(encodeGreeting({ type: 'join', request }))
  })
}

/** What was handed out must work, now and not at the first connection. Throws CERTIFICATE_INVALID. */
function checkReply(reply: Welcomed, ca: X509Certificate, options: AskToJoinOptions): void {
  const { request, keyPem } = options
  let isSound = false
  try {
    const certificate = new X509Certificate(reply.certificatePem)
    const identity = parseIdentity(certificate)
    isSound =
      new X509Certificate(reply.caPem).raw.equals(ca.raw) &&
      ca.checkPrivateKey(createPrivateKey(reply.caKeyPem)) &&
      certificate.verify(ca.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
      identity?.kind === 'region' &&
      identity.id === request.nodeId &&
      identity.clusterId === reply.clusterId
  } catch {
    // Damaged PEM: as unsound as one that does not fit; the sentence below says so.
  }
  if (isSound) return
  throw new AppError('CERTIFICATE_INVALID', 'The region handed out a certificate that is not ours.')
}
