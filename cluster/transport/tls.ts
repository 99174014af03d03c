// Mutual TLS 1.3 with the cluster's CA and nothing else. Neither side lets the TLS library end a
// handshake over a certificate: both look at its verdict themselves, so that the refusal can be said in
// one clear sentence instead of an alert number.
import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, type TLSSocket, type TlsOptions } from 'node:tls'
import {
  authorizationErrorOf,
  judgeCertificate,
  type Judgement,
  parseIdentity,
} from '#protocol/identity.ts'
import type { Credentials } from '#protocol/enroll.ts'

export function serverTls(credentials: Credentials): TlsOptions {
  return {
    // The CA goes along: a rack that joins knows only its fingerprint.
    cert: `${credentials.certificatePem.trim()}\n${credentials.caPem}`,
    key: credentials.keyPem,
    ca: credentials.caPem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  }
}

export function clientTls(credentials: Credentials): ConnectionOptions {
  return {
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    ca: credentials.caPem,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  }
}

/**
 * The rack whose certificate of this cluster's CA was shown, also an expired one; else null. It proves who asks,
 * not that it may come in: only an enrolment, with a token, looks at it.
 */
export function provenRackId(socket: TLSSocket, credentials: Credentials): string | null {
  const certificate = socket.getPeerX509Certificate()
  const identity = certificate === undefined ? undefined : parseIdentity(certificate)
  if (certificate === undefined || identity?.kind !== 'rack') return null
  if (identity.clusterId !== credentials.clusterId) return null
  const ca = new X509Certificate(credentials.caPem)
  // Checked here: of several faults the TLS library tells one, and "expired" hides "not signed by our CA".
  const isOurs = certificate.checkIssued(ca) && certificate.verify(ca.publicKey)
  return isOurs ? identity.id : null
}

/** After the TLS handshake: who the other end is, or why it is not believed. */
export function judgePeer(socket: TLSSocket, clusterId: string): Judgement {
  return judgeCertificate({
    certificate: socket.getPeerX509Certificate(),
    authorizationError: authorizationErrorOf(socket),
    clusterId,
  })
}
