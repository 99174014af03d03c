// What everybody does who asks a region for a certificate, as a rack or as a region node, for the first time
// or again: find out whether it is a region of the right cluster, ask one question, check what came. The
// socket is handed in.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { AppError } from '#model/errors.ts'
import type { Credentials } from './enroll.ts'
import { FramedConnection } from './framed-connection.ts'
import { decodeGreeting, encodeGreeting, type Greeting, type MemberKind } from './hello.ts'
import {
  authorizationErrorOf,
  judgeByFingerprint,
  judgeCertificate,
  parseIdentity,
} from './identity.ts'
import { FRAME_LIMITS } from './limits.ts'

/** The part of a TLS socket that says who the other end is. */
export type Shown = {
  readonly getPeerCertificate: (detailed: true) => {
    readonly raw?: Uint8Array
    readonly issuerCertificate?: unknown
  }
}

type Verdict = {
  readonly getPeerX509Certificate: () => X509Certificate | undefined
  readonly authorized: boolean
  readonly authorizationError: unknown
}

/**
 * The CA that vouches for the region at the other end, known by its fingerprint only (null trusts whoever
 * answers). `wallMs`: Unix time, for the validity of the region's certificate. Throws CERTIFICATE_INVALID.
 */
export function verifyRegion(
  socket: Shown,
  known: { readonly caFingerprint: string | null; readonly wallMs: number },
): X509Certificate {
  const shown = socket.getPeerCertificate(true)
  const issuer = shown.issuerCertificate as { readonly raw?: Uint8Array } | undefined
  if (shown.raw === undefined || issuer?.raw === undefined) {
    throw new AppError('CERTIFICATE_INVALID', 'The region shows no certificate of its CA.')
  }
  const region = new X509Certificate(shown.raw)
  const ca = new X509Certificate(issuer.raw)
  const { caFingerprint, wallMs } = known
  const fault = judgeByFingerprint({ region, ca, caFingerprint, wallMs })
  if (fault !== null) throw new AppError('CERTIFICATE_INVALID', fault)
  return ca
}

/**
 * One question, one answer of the type `expected`. Rejects with the region's refusal (its code), with PROTOCOL
 * for any other answer or none, or with the stream's own error. The caller bounds the time and ends the stream.
 */
export function askOnce<T extends Greeting['type']>(
  stream: Duplex,
  question: Greeting,
  expected: T,
): Promise<Extract<Greeting, { readonly type: T }>> {
  const connection = new FramedConnection(stream, {
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
      if (answer?.type === expected) {
        resolve(answer as Extract<Greeting, { readonly type: T }>)
      } else if (answer?.type === 'refused') {
        reject(new AppError(answer.code, answer.message))
      } else if (answer !== null) {
        reject(new AppError('PROTOCOL', 'The region answered out of turn.'))
      }
    }
    connection.sendFrame(encodeGreeting(question))
  })
}

/**
 * The next certificate of a member, over a socket made with its present one. Rejects with CLUSTER_MISMATCH or
 * CERTIFICATE_INVALID (who answers is no region of this cluster, or hands out what does not fit), FORBIDDEN (the
 * region will not), or as `askOnce` does: a region of a version before this question hangs up.
 */
export async function renewOver(
  socket: Duplex & Shown & Verdict,
  own: {
    readonly kind: MemberKind
    readonly credentials: Credentials
    readonly requestPem: string
    /** The key that the request was made with. */
    readonly keyPem: string
  },
): Promise<Credentials> {
  const { kind, credentials, requestPem, keyPem } = own
  const judgement = judgeCertificate({
    certificate: socket.getPeerX509Certificate(),
    authorizationError: authorizationErrorOf(socket),
    clusterId: credentials.clusterId,
  })
  if (!judgement.ok) throw new AppError(judgement.code, judgement.message)
  if (judgement.identity.kind !== 'region') {
    throw new AppError('CERTIFICATE_INVALID', 'The other end is not a region.')
  }
  const request = { certificateRequestPem: requestPem }
  const { reply } = await askOnce(socket, { type: 'renew', request }, 'renewed')
  if (!reply.ok) throw new AppError('FORBIDDEN', reply.message)
  const ca = new X509Certificate(credentials.caPem)
  checkIssued(reply, { ca, keyPem, kind, id: credentials.nodeId })
  return { ...credentials, certificatePem: reply.certificatePem, keyPem }
}

/** What was handed out must work, now and not at the first connection. Throws CERTIFICATE_INVALID. */
export function checkIssued(
  issued: {
    readonly certificatePem: string
    readonly caPem: string
    readonly clusterId: string
    /** Of the CA, for those who are given it. */
    readonly caKeyPem?: string
  },
  own: {
    readonly ca: X509Certificate
    readonly keyPem: string
    readonly kind: MemberKind
    readonly id: string
  },
): void {
  let isSound = false
  try {
    const certificate = new X509Certificate(issued.certificatePem)
    const identity = parseIdentity(certificate)
    const { caKeyPem } = issued
    isSound =
      new X509Certificate(issued.caPem).raw.equals(own.ca.raw) &&
      (caKeyPem === undefined || own.ca.checkPrivateKey(createPrivateKey(caKeyPem))) &&
      certificate.verify(own.ca.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(own.keyPem)) &&
      identity?.kind === own.kind &&
      identity.id === own.id &&
      identity.clusterId === issued.clusterId
  } catch {
    // Damaged PEM: as unsound as one that does not fit; the sentence below says so.
  }
  if (isSound) return
  throw new AppError('CERTIFICATE_INVALID', 'The region handed out a certificate that is not ours.')
}
