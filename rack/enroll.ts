// How a rack joins: it shows its token's secret to a region and gets a certificate for its own key. The
// region is checked first, by the CA's fingerprint in the token: the secret is shown to nobody else.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { AppError } from '#model/errors.ts'
import { systemClock } from '#platform/system.ts'
import type { Credentials, EnrollReply, EnrollRequest } from '#protocol/enroll.ts'
import { FramedConnection } from '#protocol/framed-connection.ts'
import { decodeGreeting, encodeGreeting } from '#protocol/hello.ts'
import { judgeByFingerprint, parseIdentity } from '#protocol/identity.ts'
import { FRAME_LIMITS } from '#protocol/limits.ts'
import { makeCertificateRequest } from './certificate-request.ts'
import { withTls } from './region-connection.ts'

export type EnrollOptions = {
  readonly host: string
  readonly port: number
  readonly secret: string
  /**
   * Hex SHA-256 of the cluster's CA, from the token. Null trusts whoever answers: only for a network
   * that the operator vouches for (`--region` with `--secret`).
   */
  readonly caFingerprint: string | null
  readonly rackId: string
  readonly hostname: string
  readonly timeoutMs: number
}

/**
 * Rejects with CERTIFICATE_INVALID (not the cluster of the token; the secret was not sent), UNAUTHENTICATED
 * (the region refused it), TIMEOUT, OVERLOADED or PROTOCOL, or with the socket's own error.
 */
export async function enroll(options: EnrollOptions): Promise<Credentials> {
  const { host, port, secret, rackId, hostname } = options
  const { requestPem, keyPem } = await makeCertificateRequest(rackId)
  const request: EnrollRequest = { secret, certificateRequestPem: requestPem, rackId, hostname }
  return withTls({ host, port }, options.timeoutMs, async (socket) => {
    const ca = verifyRegion(socket, options.caFingerprint)
    const reply = await ask(socket, request)
    if (!reply.ok) throw new AppError('UNAUTHENTICATED', reply.message)
    checkReply(reply, { ca, keyPem, rackId })
    const { certificatePem, caPem, clusterId } = reply
    return { clusterId, nodeId: rackId, incarnation: 0, caPem, certificatePem, keyPem }
  })
}

/** The CA that vouches for the region at the other end. Throws CERTIFICATE_INVALID. */
function verifyRegion(socket: TLSSocket, caFingerprint: string | null): X509Certificate {
  const refuse = (why: string): AppError => new AppError('CERTIFICATE_INVALID', why)
  const shown = socket.getPeerCertificate(true)
  const issuer = shown.issuerCertificate as { readonly raw?: Buffer } | undefined
  if (shown.raw === undefined || issuer?.raw === undefined) {
    throw refuse('The region shows no certificate of its CA.')
  }
  const region = new X509Certificate(shown.raw)
  const ca = new X509Certificate(issuer.raw)
  const fault = judgeByFingerprint({ region, ca, caFingerprint, wallMs: systemClock.wallMs() })
  if (fault !== null) throw refuse(fault)
  return ca
}

function ask(socket: TLSSocket, request: EnrollRequest): Promise<EnrollReply> {
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
      if (answer?.type === 'enrolled') resolve(answer.reply)
      else if (answer?.type === 'refused') reject(new AppError(answer.code, answer.message))
      else if (answer !== null) reject(new AppError('PROTOCOL', 'The region answered out of turn.'))
      connection.close()
    }
    connection.sendFrame(encodeGreeting({ type: 'enroll', request }))
  })
}

/** What was handed out must work, now and not at the first connection. Throws CERTIFICATE_INVALID. */
function checkReply(
  reply: Extract<EnrollReply, { ok: true }>,
  own: { readonly ca: X509Certificate; readonly keyPem: string; readonly rackId: string },
): void {
  const refuse = (cause?: unknown): AppError => {
    const message = 'The region handed out a certificate that is not ours.'
    return new AppError('CERTIFICATE_INVALID', message, { cause })
  }
  let isSound = false
  try {
    const certificate = new X509Certificate(reply.certificatePem)
    const identity = parseIdentity(certificate)
    isSound =
      new X509Certificate(reply.caPem).raw.equals(own.ca.raw) &&
      certificate.verify(own.ca.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(own.keyPem)) &&
      identity?.kind === 'rack' &&
      identity.id === own.rackId &&
      identity.clusterId === reply.clusterId
  } catch (cause) {
    throw refuse(cause)
  }
  if (!isSound) throw refuse()
}
